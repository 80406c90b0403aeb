"""Pictures whose brightness is their number, as files and pipes, and the laws that all readers keep."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from warpseg.types import Picture

LENGTH = 12
SIZE = (48, 80)


def picture(index: int) -> NDArray[np.uint8]:
    """Return a picture whose brightness tells its number, and whose content moves."""
    rows, columns = np.indices(SIZE)
    value = (20 * index + 8 * ((rows // 8 + columns // 8 + index // 2) % 2)).astype(np.uint8)
    return np.repeat(value[..., None], 3, axis=2)


def number_of(shown: Picture) -> int:
    return round((float(np.median(shown.load())) - 4) / 20)


def encode(path: Path | str, frames: Iterator[av.VideoFrame], codec: str = "libx264", **options: str) -> Path:
    """Write frames at 25 a second; the container follows from the name."""
    first = next(frames)
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25, options=options))
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, first.format.name
        stream.codec_context.colorspace, stream.codec_context.color_range = first.colorspace, first.color_range
        for index, frame in enumerate([first, *frames]):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Path(path)


def numbered(length: int = LENGTH) -> Iterator[av.VideoFrame]:
    for index in range(length):
        yield av.VideoFrame.from_ndarray(picture(index % LENGTH), format="rgb24").reformat(format="yuv420p")


@contextlib.contextmanager
def piped(path: Path) -> Iterator[io.BufferedReader]:
    """Yield the reading end of a pipe that a thread fills, as ``cat path |`` does."""
    reading, writing = os.pipe()

    def fill() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
            sink.write(path.read_bytes())

    thread = threading.Thread(target=fill)
    thread.start()
    with os.fdopen(reading, "rb") as source:
        yield source
    thread.join()


def check_laws(pictures: list[Picture], first: int = 0) -> None:
    """What a list of pictures that follow each other promises, whatever they came from."""
    assert [shown.index for shown in pictures] == list(range(first, first + len(pictures)))
    assert all(before.time < after.time for before, after in pairwise(pictures))
    for shown in pictures:
        assert isinstance(shown.time, Fraction)
        coded = shown.size[::-1] if shown.rotation % 180 else shown.size
        assert shown.luma.shape == coded
        assert shown.luma.dtype == np.uint8
