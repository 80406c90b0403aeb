"""Opening: ``open_pictures``, the one entry point for every kind of source."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from warpseg.video.arrays import open_arrays
from warpseg.video.container import open_container
from warpseg.video.images import is_printf_pattern, open_images
from warpseg.video.options import SourceOptions
from warpseg.video.reader import PictureReader, Span
from warpseg.video.stills import is_still

__all__ = ["Source", "open_pictures"]

Source: TypeAlias = str | Path | BinaryIO | Iterable[NDArray[np.uint8]]


def open_pictures(
    source: Source,
    *,
    start: Fraction | float | None = None,
    end: Fraction | float | None = None,
    max_frames: int | None = None,
    options: SourceOptions | None = None,
) -> PictureReader:
    """Open a source of pictures.

    Args:
        source: One of

            - the path or URL of a video, or ``"-"`` for standard input,
            - a binary file object, which the caller closes,
            - an image, a folder of images, or a pattern of their names (``"frames/*.png"``, ``"frame_%06d.png"``);
              16 bits are scaled from 0..65535 and floating point from 0..1,
            - an iterable of RGB arrays (H, W, 3) uint8, which may be endless and may reuse one buffer.
        start: First time to read, seconds after the source's first frame; None for the beginning.
        end: Time before which to stop, seconds after the source's first frame; None for the end.
        max_frames: Most frames to read, counted from ``start``.
        options: Time limit, playlist and stream, for coded video.

    Returns:
        A reader of the pictures in display order. ``Picture.index`` is the frame's number in the whole source.

    Raises:
        VideoError: The source cannot be read.
        ValueError: The source is of another type, or the limits contain no frame.
    """
    span = Span.between(start, end, max_frames)
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        if os.path.isdir(name) or _is_pattern(name) or is_still(name):
            return open_images(name, span)
        return open_container(name, span, options)
    if hasattr(source, "read"):
        return open_container(cast(BinaryIO, source), span, options)
    if isinstance(source, Iterable):
        return open_arrays(source, span)
    raise ValueError(
        f"source is a {type(source).__name__}: a path, a URL, a binary file object, a folder or pattern of images, "
        "or an iterable of arrays is accepted"
    )


def _is_pattern(name: str) -> bool:
    # A file may really be called "clip[1].mp4", and URLs may contain "?" or "%20".
    if os.path.exists(name) or "://" in name or "\0" in name:
        return False
    return is_printf_pattern(name) or glob.has_magic(name)
