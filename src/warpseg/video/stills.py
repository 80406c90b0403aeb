"""Stills: one picture from one file, as RGB of eight bits."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from warpseg.errors import VideoError
from warpseg.video.container import open_container
from warpseg.video.reader import Span

__all__ = ["SUFFIXES", "is_still", "load_still", "still_size"]

# Pillow reads most of these, FFmpeg the others.
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".avif"),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".sgi", ".qoi"),
    *(".heic", ".heif", ".jxl", ".exr", ".dpx", ".hdr"),
)
# Pillow's formats, of content and not of names: it would start other programs for EPS and WMF.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "WEBP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM", "TGA", "SGI", "QOI")
_FAULTS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
_LEFT_TO_FFMPEG = (UnidentifiedImageError, Image.DecompressionBombError)
_SEVERAL = ("GIF", "PNG", "WEBP", "AVIF")  # formats that hold animations; others hold pages or previews
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def is_still(path: Path | str) -> bool:
    """Return whether a file is one picture that Pillow reads, and no animation."""
    if not str(path).lower().endswith(SUFFIXES) or not os.path.isfile(path):  # a named pipe is read once only
        return False
    try:
        with Image.open(path, formats=_formats()) as image:
            return image.format not in _SEVERAL or not getattr(image, "is_animated", False)
    except _FAULTS:
        return False


def still_size(path: Path) -> tuple[int, int]:
    """Return (height, width) as displayed; raises ``VideoError`` if the file cannot be read."""
    try:
        with Image.open(path, formats=_formats()) as image:
            width, height = image.size
            sideways = image.getexif().get(0x0112) in _SIDEWAYS
    except _LEFT_TO_FFMPEG as error:
        shape = _by_ffmpeg(path, error).shape
        return shape[0], shape[1]
    except _FAULTS as error:
        raise VideoError(f"{path.name} is not a readable image ({_brief(error)})") from error
    return (width, height) if sideways else (height, width)


def load_still(path: Path) -> NDArray[np.uint8]:
    """Return RGB (H, W, 3) as displayed; raises ``VideoError`` if the file cannot be read.

    Sixteen bits are scaled from 0..65535 and floating point from 0..1 to 0..255; values outside are clipped.
    """
    try:
        with Image.open(path, formats=_formats()) as image:
            return np.array(_eight_bits(ImageOps.exif_transpose(image), image.format).convert("RGB"))
    except _LEFT_TO_FFMPEG as error:
        return _by_ffmpeg(path, error)
    except _FAULTS as error:
        raise VideoError(f"{path.name} is not a readable image ({_brief(error)})") from error


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _eight_bits(image: Image.Image, form: str | None) -> Image.Image:
    """Scale modes of more than eight bits, which Pillow would clip at 255."""
    if image.mode == "I" and form == "TIFF":
        raise ValueError("32-bit integers have no stated range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        scaled = np.asarray(image).astype(np.float64) / 257
    elif image.mode == "F":
        scaled = np.nan_to_num(np.asarray(image).astype(np.float64)) * 255
    else:
        return image
    return Image.fromarray(np.rint(np.clip(scaled, 0, 255)).astype(np.uint8))


def _by_ffmpeg(path: Path, reason: Exception) -> NDArray[np.uint8]:
    try:
        with open_container(str(path), Span(max_frames=1)) as reader:
            return next(reader).load()
    except (VideoError, StopIteration) as error:
        raise VideoError(f"{path.name} is not a readable image ({_brief(reason)})") from error


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
