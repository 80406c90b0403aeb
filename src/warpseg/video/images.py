"""Image sequences: reads pictures from a folder of images or from a pattern of file names."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from warpseg.errors import VideoError
from warpseg.types import Picture, VideoInfo
from warpseg.video.arrays import luma_of
from warpseg.video.reader import ASSUMED_RATE, PictureReader, Span

__all__ = ["SUFFIXES", "is_printf_pattern", "natural", "open_images"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
_PRINTF = re.compile(r"%0?\d*d")
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def is_printf_pattern(name: str) -> bool:
    """Return whether a name is a pattern such as ``frame_%06d.png``."""
    return _PRINTF.search(os.path.basename(name)) is not None


def open_images(source: str, span: Span) -> PictureReader:
    """Open a folder or a pattern of images, in the natural order of their names (2 before 10), at 25 frames a second.

    Raises ``VideoError`` if no image is found or the first cannot be read.
    """
    paths = _find(source)
    name = Path(source).name or Path(source).resolve().name
    size = _size(paths[0], name)
    warnings = [f"{name}: images have no timestamps, {ASSUMED_RATE} frames a second assumed"]
    info = VideoInfo(name, size, ASSUMED_RATE, time_base=1 / ASSUMED_RATE, container="images", frame_count=len(paths))
    # The first image inside the span: earlier ones are not even opened.
    first = 0 if span.start is None else -int(-span.start * ASSUMED_RATE // 1)

    def pictures() -> Generator[Picture, None, None]:
        yield from span.select(_pictures(paths, first, name), info)

    return PictureReader(info, pictures(), warnings)


def _find(source: str) -> list[Path]:
    folder, pattern = (source, "*") if os.path.isdir(source) else os.path.split(source)
    accepted = re.compile(_as_expression(pattern) if is_printf_pattern(pattern) else ".*")
    names = glob.glob("*" if is_printf_pattern(pattern) else pattern, root_dir=folder or None)
    paths = [Path(folder, name) for name in names if accepted.fullmatch(name) and name.lower().endswith(SUFFIXES)]
    if not paths:
        raise VideoError(
            f"{source}: no images found; files that end in {', '.join(suffix[1:] for suffix in SUFFIXES)} are read"
        )
    return sorted(paths, key=natural)


def _as_expression(pattern: str) -> str:
    literals = [re.escape(part) for part in _PRINTF.split(pattern)]
    return r"\d+".join(literals)


def natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Return the key that sorts file names in their natural order: 2 before 10."""
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], path.name


def _size(path: Path, name: str) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            width, height = image.size
            sideways = image.getexif().get(0x0112) in _SIDEWAYS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VideoError(f"{name}: {path.name} is not a readable image ({_brief(error)})") from error
    return (width, height) if sideways else (height, width)


def _pictures(paths: list[Path], first: int, name: str) -> Iterator[Picture]:
    for index, path in enumerate(paths[first:], first):
        try:
            pixels = _load(path)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise VideoError(
                f"{name}: {path.name} is not a readable image ({_brief(error)}); "
                f"{index - first} images were read before it. Replace or remove it"
            ) from error
        size = (pixels.shape[0], pixels.shape[1])
        yield Picture(index, index / ASSUMED_RATE, size, None, luma_of(pixels), None, 0, partial(np.asarray, pixels))


def _load(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
