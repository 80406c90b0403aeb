"""CamVid: its labelled drive as a data set, and as pictures and labels in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.classes import CAMVID, IGNORE
from warpseg.datasets.clip import Dataset, Options
from warpseg.datasets.encoded import describe
from warpseg.datasets.folders import frames_and_labels, void_table

__all__ = ["Drive", "camvid", "open_camvid"]

_CLASSES = len(CAMVID)  # labels from here on are void
_RATE = 15


def open_camvid(root: Path, options: Options) -> Dataset:
    """Return the drive 0016E5, frames in ``root/val`` and a label for each in ``root/valannot``, as one clip.

    Raises ``DatasetError`` where frames or labels are missing or do not fit together.
    """
    clip = frames_and_labels(
        root / "val", root / "valannot", options, table=void_table(range(_CLASSES, IGNORE)), rate=_RATE, name="0016E5"
    )
    return Dataset("camvid", [clip], CAMVID.names, describe(options.encoding), not options.clean)


@dataclass(frozen=True, eq=False, repr=False)
class Drive:
    """The frames of one video with their labels, in memory."""

    pictures: list[NDArray[np.uint8]]  # RGB (height, width, 3) each
    labels: dict[int, NDArray[np.uint8]]  # (height, width) by frame number, 255: void
    rate: int  # frames a second

    def __repr__(self) -> str:
        return f"Drive({len(self.pictures)} frames, {len(self.labels)} labelled, {self.rate} a second)"


def camvid(root: Path, *, max_frames: int | None = None) -> Drive:
    """Read CamVid's drive 0016E5 (``root/val`` and ``root/valannot``): 101 frames at 15 Hz, a label for each.

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
        label[label >= _CLASSES] = IGNORE
        labels[i] = label
    return Drive(pictures, labels, _RATE)
