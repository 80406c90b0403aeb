"""Arrays: reads pictures from an iterable of RGB arrays, which may be endless."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.errors import VideoError
from warpseg.types import Picture, VideoInfo
from warpseg.video.reader import ASSUMED_RATE, PictureReader, Span

__all__ = ["luma_of", "open_arrays"]


def open_arrays(source: Iterable[NDArray[np.uint8]], span: Span) -> PictureReader:
    """Open an iterable of RGB arrays (H, W, 3) uint8; the first is read now, each of the others on demand.

    Each array is copied when it is taken, unless it owns its memory and is read-only, so a source may reuse its buffer.

    Raises ``VideoError`` if the iterable is empty, ``ValueError`` for an array of another shape or type.
    """
    arrays = iter(source)
    try:
        first = _checked(next(arrays), 0)
    except StopIteration:
        raise VideoError("arrays: the iterable is empty; give at least one (H, W, 3) uint8 array") from None
    info = VideoInfo("arrays", (first.shape[0], first.shape[1]), ASSUMED_RATE, time_base=1 / ASSUMED_RATE)
    warnings = [f"arrays have no timestamps: {ASSUMED_RATE} frames a second assumed"]

    def pictures() -> Generator[Picture, None, None]:
        yield from span.select(_pictures(first, arrays), info)

    return PictureReader(info, pictures(), warnings, _closer(arrays))


def luma_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return BT.601 luma (H, W) of RGB (H, W, 3)."""
    return np.asarray(Image.fromarray(pixels).convert("L"))


def _pictures(first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]]) -> Iterator[Picture]:
    yield _picture(0, first)
    for index, array in enumerate(rest, 1):
        yield _picture(index, _checked(array, index))


def _picture(index: int, pixels: NDArray[np.uint8]) -> Picture:
    size = (pixels.shape[0], pixels.shape[1])
    return Picture(index, index / ASSUMED_RATE, size, None, luma_of(pixels), None, 0, lambda: pixels)


def _checked(array: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
    accepted = "(H, W, 3) uint8 RGB, numpy or torch on the CPU, is accepted"
    if not hasattr(array, "__array__"):
        raise ValueError(f"array {index} is a {type(array).__name__}: {accepted}")
    pixels = np.asarray(array)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"array {index} has shape {pixels.shape} and type {pixels.dtype}: {accepted}")
    # The source may fill the same buffer again while this picture is still in use.
    lasting = pixels is array and pixels.flags.owndata and not pixels.flags.writeable
    return np.ascontiguousarray(pixels) if lasting else np.array(pixels, order="C")


def _closer(arrays: Iterator[NDArray[np.uint8]]) -> Callable[[], None]:
    # A generator that holds a camera or a file must learn that no further array is wanted.
    return arrays.close if isinstance(arrays, Generator) else lambda: None
