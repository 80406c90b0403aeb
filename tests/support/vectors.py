"""Motion vectors as FFmpeg writes them, and blocks that tile a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.support.pans import Picture, grey, texture
from warpseg.motion.luma import Plane

Blocks = NDArray[np.float32]


# FFmpeg's AVMotionVector
RECORD = np.dtype(
    {
        "names": [
            "source",
            "w",
            "h",
            "src_x",
            "src_y",
            "dst_x",
            "dst_y",
            "flags",
            "motion_x",
            "motion_y",
            "motion_scale",
        ],
        "formats": ["i4", "u1", "u1", "i2", "i2", "i2", "i2", "u8", "i4", "i4", "u2"],
        "offsets": [0, 4, 5, 6, 8, 10, 12, 16, 24, 28, 32],
        "itemsize": 40,
    }
)


def records(*rows: tuple[int, int, int, int, int, int, int, int]) -> NDArray[np.void]:
    """Return records of (source, w, h, centre x, centre y, motion x, motion y, scale)."""
    out = np.zeros(len(rows), RECORD)
    for record, (source, w, h, x, y, dx, dy, scale) in zip(out, rows, strict=True):
        record["source"], record["w"], record["h"] = source, w, h
        record["dst_x"], record["dst_y"] = x, y
        record["motion_x"], record["motion_y"], record["motion_scale"] = dx, dy, scale
        record["src_x"], record["src_y"] = x + dx // max(scale, 1), y + dy // max(scale, 1)
    return out


def tiled(size: tuple[int, int], dx: float, dy: float, side: int = -1, block: int = 16) -> Blocks:
    """Return blocks that cover a picture and all move alike; at the far edges they reach beyond it, as a codec's do."""
    rows = [
        (x + block / 2, y + block / 2, block, block, dx, dy, side)
        for y in range(0, size[0], block)
        for x in range(0, size[1], block)
    ]
    return np.array(rows, np.float32)


def planes(pictures: list[Picture]) -> list[Plane]:
    return [Plane.of(grey(picture)) for picture in pictures]


def still(size: tuple[int, int]) -> Plane:
    return Plane.of(texture(size).astype(np.uint8))
