"""Labelled videos by name: ``open_dataset``; CamVid's drive in memory: ``camvid``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.classes import CAMVID, CITYSCAPES, IGNORE
from warpseg.datasets.cityscapes import CATEGORIES, cityscapes
from warpseg.datasets.clip import Clip, Dataset, LabelFiles, Labels
from warpseg.datasets.encoded import cache_folder, describe
from warpseg.datasets.folders import frames_and_labels, video_and_labels
from warpseg.errors import DatasetError

__all__ = ["Clip", "Dataset", "DatasetName", "Drive", "Encoding", "LabelFiles", "camvid", "open_dataset"]

DatasetName = Literal["camvid", "cityscapes", "folder", "video"]
Encoding = Literal["paper", "defaults", "none"]

_CAMVID_CLASSES = len(CAMVID)  # labels from here on are void
_CAMVID_RATE = 15


def open_dataset(
    name: DatasetName,
    root: Path,
    labels: Path | None = None,
    *,
    split: str = "val",
    encoding: Encoding | None = None,
    frames: Literal["decoded", "clean"] = "decoded",
    ignore: Collection[int] = (),
    rate: int = 25,
    max_frames: int | None = None,
    max_clips: int | None = None,
    cache: Path | None = None,
) -> Dataset:
    """Open labelled video; nothing is decoded yet.

    ``camvid``: ``root`` holds ``val`` and ``valannot``, the labelled drive. ``cityscapes``: ``root`` holds
    ``leftImg8bit_sequence`` and ``gtFine``, of which ``split`` is taken. ``folder``: ``root`` holds frames, ``labels``
    label images of equal stem. ``video``: ``root`` is a file, ``labels`` holds label images numbered as its frames.
    The last two work without ``labels`` (agreement); in theirs, the values of ``ignore`` and 255 are void.

    Pictures are encoded as H.264 (``encoding``: ``paper``, no B-frames and one reference, the default of camvid and
    cityscapes, ``defaults``, x264's own, or ``none``, the default of folder) at ``rate`` frames a second (camvid and
    cityscapes have their own) and kept in ``cache``. The network sees the ``decoded`` frames or the ``clean``
    pictures. ``max_frames`` a clip is for folder, video and camvid, ``max_clips`` for cityscapes.

    Raises ``DatasetError``, which names the file, for what is missing or does not fit.
    """
    for what, value, accepted in (("dataset", name, DatasetName), ("encoding", encoding or "none", Encoding)):
        if value not in get_args(accepted):
            raise ValueError(f"{what} {value!r}: expected one of {', '.join(get_args(accepted))}")
    if not root.exists():
        raise DatasetError(f"{root}: no such file or folder; name the data with --root")
    if name == "video":
        if encoding not in (None, "none") or frames == "clean":
            raise DatasetError("video is used as it is: --encoding and --frames clean are for pictures")
        return Dataset(name, [video_and_labels(root, labels, table=_void(ignore), max_frames=max_frames)])
    chosen = encoding or ("none" if name == "folder" else "paper")
    clean = frames == "clean"
    if clean and chosen == "none":
        raise DatasetError("--frames clean needs an --encoding to tell the clean frames from")
    how = None if chosen == "none" else chosen
    cache = cache or cache_folder()
    if name == "cityscapes":
        clips = cityscapes(root, split, encoding=how, clean=clean, cache=cache, max_clips=max_clips)
        return Dataset(name, clips, CITYSCAPES.names, describe(how), not clean, CATEGORIES)
    if name == "camvid":
        table = _void(range(_CAMVID_CLASSES, IGNORE))
        clip = frames_and_labels(
            root / "val", root / "valannot", table=table, encoding=how, clean=clean, rate=_CAMVID_RATE, cache=cache,
            max_frames=max_frames, name="0016E5",
        )  # fmt: skip
        return Dataset(name, [clip], CAMVID.names, describe(how), not clean)
    clip = frames_and_labels(
        root, labels, table=_void(ignore), encoding=how, clean=clean, rate=rate, cache=cache, max_frames=max_frames
    )
    return Dataset(name, [clip], None, describe(how), not clean)


def _void(ignore: Collection[int]) -> Labels:
    table = np.arange(256, dtype=np.uint8)
    table[list(ignore)] = IGNORE
    return table


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
    return Drive(pictures, labels, _CAMVID_RATE)
