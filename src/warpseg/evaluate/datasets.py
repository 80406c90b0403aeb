"""Labelled videos in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.evaluate.metrics import IGNORE

__all__ = ["Drive", "camvid"]

_CAMVID_CLASSES = 11  # labels from here on are void


@dataclass(frozen=True, eq=False, repr=False)
class Drive:
    """The frames of one video with the labels that are known of it."""

    pictures: list[NDArray[np.uint8]]  # RGB (height, width, 3) each
    labels: dict[int, NDArray[np.uint8]]  # (height, width) by frame number, 255: void
    rate: int  # frames a second

    def __repr__(self) -> str:
        return f"Drive({len(self.pictures)} frames, {len(self.labels)} labelled, {self.rate} a second)"


def camvid(root: Path, *, max_frames: int | None = None) -> Drive:
    """Read CamVid's drive 0016E5 (``root/val`` and ``root/valannot``): 101 frames at 15 Hz, a label on each.

    Raises ``FileNotFoundError`` where there are no frames, or a frame has no label.
    """
    paths = sorted((root / "val").glob("*.png"))[:max_frames]
    if not paths:
        raise FileNotFoundError(f"{root / 'val'}: no PNG images; name the folder with val/ and valannot/")
    pictures, labels = [], {}
    for i, path in enumerate(paths):
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB")))
        with Image.open(root / "valannot" / path.name) as image:
            label = np.array(image)
        label[label >= _CAMVID_CLASSES] = IGNORE
        labels[i] = label
    return Drive(pictures, labels, 15)
