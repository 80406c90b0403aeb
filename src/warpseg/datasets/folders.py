"""Folders: clips of pictures, or of a video file, with label images that are matched by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warpseg.classes import IGNORE
from warpseg.datasets.clip import Clip, Dataset, LabelFiles, Labels, Options, read_rgb
from warpseg.datasets.encoded import describe, encoded, fingerprint
from warpseg.errors import DatasetError
from warpseg.video.images import natural
from warpseg.video.stills import SUFFIXES

__all__ = [
    "frames_and_labels", "images", "open_folder", "open_video_file", "picture_clip", "video_and_labels", "void_table",
]  # fmt: skip

_LABELS = (".png", ".bmp", ".tif", ".tiff")
_LAST_NUMBER = re.compile(r"(\d+)\D*$")


def open_folder(root: Path, options: Options) -> Dataset:
    """Return the pictures of a folder as one clip, with label images of equal stem; see ``frames_and_labels``."""
    clip = frames_and_labels(root, options.labels, options, table=void_table(options.ignore), rate=options.rate)
    return Dataset("folder", [clip], None, describe(options.encoding), not options.clean)


def open_video_file(root: Path, options: Options) -> Dataset:
    """Return a video file as one clip, with label images by frame number; see ``video_and_labels``."""
    table = void_table(options.ignore)
    return Dataset("video", [video_and_labels(root, options.labels, table=table, max_frames=options.max_frames)])


def void_table(ignore: Collection[int]) -> Labels:
    """Return the table (256,) for ``LabelFiles`` in which the values of ``ignore`` are void."""
    table = np.arange(256, dtype=np.uint8)
    table[list(ignore)] = IGNORE
    return table


def frames_and_labels(
    root: Path,
    labels: Path | None,
    options: Options,
    *,
    table: Labels | None = None,
    rate: int,
    name: str | None = None,
) -> Clip:
    """Return the pictures of a folder, in the order of their names, with the labels of equal stem: all, some or none.

    ``options`` say how many there are at most, how they are encoded, and what the network sees.

    Raises ``DatasetError`` where there are no pictures, one of a numbered row is missing, a label belongs to no frame,
    or two label files to one.
    """
    paths = images(root, SUFFIXES, "frames")[: options.max_frames]
    _check_row(paths)
    number = {path.stem: i for i, path in enumerate(paths)}
    of_frame: dict[int, Path] = {}
    for path in images(labels, _LABELS, "labels") if labels else []:
        if path.stem not in number:
            if options.max_frames is not None:
                continue  # perhaps the label of a later frame
            raise DatasetError(f"{path}: no frame of this name in {root}; labels are matched to frames by file name")
        _add(of_frame, number[path.stem], path)
    return picture_clip(name or root.resolve().name, paths, LabelFiles(of_frame, table), options, rate=rate)


def picture_clip(name: str, paths: list[Path], labels: LabelFiles, options: Options, *, rate: int) -> Clip:
    """Return a clip of pictures: as they are, or encoded, the network seeing either."""
    encoding, clean = options.encoding, options.clean
    mark = fingerprint([*paths, *labels.paths.values()], labels.mark, encoding, clean, rate)
    if encoding is None:

        def pictures() -> Iterator[NDArray[np.uint8]]:
            return (read_rgb(path) for path in paths)

        return Clip(name, labels, pictures, mark, known_count=len(paths))
    return Clip(
        name, labels, lambda: encoded(paths, name, encoding, rate, options.cache), mark,
        clean=tuple(paths) if clean else None, known_count=len(paths),
    )  # fmt: skip


def video_and_labels(
    path: Path, labels: Path | None, *, table: Labels | None = None, max_frames: int | None = None
) -> Clip:
    """Return a video file with label images whose names end in the number of their frame, from 0.

    Raises ``DatasetError`` where the file is not there, or a label's name has no number or that of another one.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such video file; name one with --root")
    of_frame: dict[int, Path] = {}
    for label in images(labels, _LABELS, "labels") if labels else []:
        number = _LAST_NUMBER.search(label.stem)
        if number is None:
            raise DatasetError(f"{label}: no frame number in the name; expected one such as frame_000012.png")
        if max_frames is None or int(number[1]) < max_frames:
            _add(of_frame, int(number[1]), label)
    found = LabelFiles(of_frame, table)
    mark = fingerprint([path, *found.paths.values()], found.mark, max_frames)
    return Clip(path.stem, found, lambda: path, mark, max_frames=max_frames)


def images(folder: Path, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """Return the images of a folder in the natural order of their names; raises ``DatasetError`` where none is."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; it should hold the {what}")
    found = [path for path in folder.iterdir() if path.suffix.lower() in suffixes]
    if not found:
        raise DatasetError(f"{folder}: no {what} in it; expected files that end in {', '.join(suffixes)}")
    return sorted(found, key=natural)


def _add(of_frame: dict[int, Path], index: int, path: Path) -> None:
    if index in of_frame:
        raise DatasetError(f"{path}: {of_frame[index].name} is of the same frame; keep one of them")
    of_frame[index] = path


def _check_row(paths: list[Path]) -> None:
    """Raise ``DatasetError`` where numbered frames have a gap: motion across a missing frame would be wrong."""
    numbers = [_LAST_NUMBER.search(path.stem) for path in paths]
    rows = {path.stem[: number.start(1)] for path, number in zip(paths, numbers, strict=True) if number}
    if len(rows) != 1 or None in numbers or len(paths) < 3:
        return
    steps = [int(b[1]) - int(a[1]) for a, b in pairwise(numbers) if a and b]
    usual = Counter(steps).most_common(1)[0][0]
    for path, step in zip(paths, steps, strict=False):
        if step != usual:
            raise DatasetError(
                f"{path}: the next frame is {step} further on, the others {usual}; add the missing frames, or keep "
                "each unbroken stretch in a folder of its own"
            )
