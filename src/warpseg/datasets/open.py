"""Labelled video by name: ``open_dataset``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from warpseg.datasets.choices import DATASETS, ENCODINGS
from warpseg.datasets.clip import Dataset, Options
from warpseg.datasets.encoded import cache_folder
from warpseg.engine.choices import check
from warpseg.errors import DatasetError

__all__ = ["open_dataset"]


def open_dataset(
    name: str,
    root: Path | None = None,
    labels: Path | None = None,
    *,
    split: str = "val",
    encoding: str | None = None,
    frames: Literal["decoded", "clean"] = "decoded",
    ignore: Collection[int] = (),
    rate: int = 25,
    size: tuple[int, int] = (360, 480),
    max_frames: int | None = None,
    max_clips: int | None = None,
    cache: Path | None = None,
) -> Dataset:
    """Open labelled video; nothing is decoded yet.

    Args:
        name: ``camvid``: ``root`` holds ``val`` and ``valannot``, the labelled drive. ``cityscapes``: ``root`` holds
            ``leftImg8bit_sequence`` and ``gtFine``. ``folder``: ``root`` holds frames, ``labels`` label images of equal
            stem. ``video``: ``root`` is a file, ``labels`` holds label images numbered as its frames. ``streets``:
            rendered in ``cache``, without a ``root``.
        root: folder or file with the data.
        labels: folder with the label images of ``folder`` and ``video``; without it, agreement is measured.
        split: part of ``cityscapes``.
        encoding: a name of ``choices.ENCODINGS``, by which pictures become H.264; by default that of the data set.
        frames: whether the network sees the decoded frames or the clean pictures.
        ignore: label values of ``folder`` and ``video`` that are void, besides 255.
        rate: frames a second of a ``folder`` that is encoded.
        size: (height, width) of ``streets``.
        max_frames: frames per clip at most; not for ``cityscapes``. 60 for ``streets`` by default.
        max_clips: clips of ``cityscapes`` and ``streets`` at most; 4 for ``streets`` by default.
        cache: folder that keeps encoded and rendered pictures; by default in the user's cache folder.

    Raises:
        DatasetError: data is missing or does not fit together; the message names the file.
        ValueError: a name is not known.
    """
    check("dataset", name, DATASETS)
    choice = DATASETS[name]
    if encoding is not None:
        check("encoding", encoding, ENCODINGS)
    if root is None and not choice.rendered:
        raise DatasetError(f"{name} is read from a folder or file; name it with --root")
    if root is not None and not root.exists():
        raise DatasetError(f"{root}: no such file or folder; name the data with --root")
    clean = frames == "clean"
    chosen = encoding or choice.encoding or "none"
    if choice.encoding is None and (chosen != "none" or clean):
        raise DatasetError("video is used as it is: --encoding and --frames clean are for pictures")
    if clean and chosen == "none":
        raise DatasetError("--frames clean needs an --encoding to tell the clean frames from")
    options = Options(
        cache=cache or cache_folder(), labels=labels, split=split, encoding=None if chosen == "none" else chosen,
        clean=clean, ignore=tuple(ignore), rate=rate, size=size, max_frames=max_frames, max_clips=max_clips,
    )  # fmt: skip
    found: Dataset = choice.load()(root, options)
    return found
