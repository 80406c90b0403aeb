"""Image sequences: reads pictures from a folder of images, a pattern of file names, or one image."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from warpseg.errors import VideoError
from warpseg.types import Picture, VideoInfo
from warpseg.video.arrays import luma_of
from warpseg.video.reader import ASSUMED_RATE, PictureReader, Span
from warpseg.video.stills import SUFFIXES, load_still, still_size

__all__ = ["is_printf_pattern", "natural", "open_images"]

# Pictures that are not read: camera sensors' data, drawings and documents.
_NOT_READ = (
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"),
    *(".svg", ".svgz", ".psd", ".psb", ".xcf", ".pdf", ".eps", ".ai", ".wmf", ".emf", ".djvu"),
)
_PRINTF = re.compile(r"%0?\d*d")


def is_printf_pattern(name: str) -> bool:
    """Return whether a name is a pattern such as ``frame_%06d.png``."""
    return _PRINTF.search(os.path.basename(name)) is not None


def open_images(source: str, span: Span) -> PictureReader:
    """Open a folder, a pattern or a file of images, in the natural order of names (2 before 10), 25 frames a second.

    Raises ``VideoError`` if no image is found or the first cannot be read.
    """
    name = Path(source).name or Path(source).resolve().name
    warnings: list[str] = []
    if os.path.isfile(source):
        paths = [Path(source)]
    else:
        paths = _find(source, name, warnings)
        warnings.append(f"{name}: images have no timestamps, {ASSUMED_RATE} frames a second assumed")
    try:
        size = still_size(paths[0])
    except VideoError as error:
        raise VideoError(f"{name}: {error}") from error
    info = VideoInfo(name, size, ASSUMED_RATE, time_base=1 / ASSUMED_RATE, container="images", frame_count=len(paths))
    # The first image inside the span: earlier ones are not even opened.
    first = 0 if span.start is None else -int(-span.start * ASSUMED_RATE // 1)

    def pictures() -> Generator[Picture, None, None]:
        yield from span.select(_pictures(paths, first, name), info)

    return PictureReader(info, pictures(), warnings)


def _find(source: str, name: str, warnings: list[str]) -> list[Path]:
    folder, pattern = (source, "*") if os.path.isdir(source) else os.path.split(source)
    accepted = re.compile(_as_expression(pattern) if is_printf_pattern(pattern) else ".*")
    names = glob.glob("*" if is_printf_pattern(pattern) else pattern, root_dir=folder or None)
    names = [each for each in names if accepted.fullmatch(each)]
    paths = [Path(folder, each) for each in names if each.lower().endswith(SUFFIXES)]
    if not paths:
        raise VideoError(f"{source}: {_explain_nothing(source, folder, names)}")
    left_out = sorted(each for each in names if each.lower().endswith(_NOT_READ))
    if left_out:
        warnings.append(f"{name}: {len(left_out)} pictures are of kinds that are not read, the first {left_out[0]}")
    return sorted(paths, key=natural)


def _explain_nothing(source: str, folder: str, names: list[str]) -> str:
    kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
    if folder and not os.path.isdir(folder):
        return f"no such file; it is not a pattern of images either, as {folder} is no folder"
    if not names and os.path.isdir(source):
        return f"no images found: the folder is empty; files that end in {kinds} are read"
    if not names:
        what = "no images found" if "*" in source or is_printf_pattern(source) else "no such file or images"
        return f"{what}: nothing has such a name; check it"
    others = sorted(name for name in names if os.path.isfile(os.path.join(folder, name)))
    if others:
        return (
            f"no images found, but other files ({len(others)}, such as {others[0]}); "
            "give videos by their own names, not by their folder"
        )
    return f"no images found; files that end in {kinds} are read"


def _as_expression(pattern: str) -> str:
    literals = [re.escape(part) for part in _PRINTF.split(pattern)]
    return r"\d+".join(literals)


def natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Return the key that sorts file names in their natural order: 2 before 10."""
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], path.name


def _pictures(paths: list[Path], first: int, name: str) -> Iterator[Picture]:
    for index, path in enumerate(paths[first:], first):
        try:
            pixels = load_still(path)
        except VideoError as error:
            raise VideoError(
                f"{name}: {error}; {index - first} images were read before it. Replace or remove it"
            ) from error
        size = (pixels.shape[0], pixels.shape[1])
        yield Picture(index, index / ASSUMED_RATE, size, None, luma_of(pixels), None, 0, partial(np.asarray, pixels))
