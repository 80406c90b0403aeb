"""Frames, labels and confidence for sinks, and what they wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.packet import Packet
from numpy.typing import NDArray

from warpseg.sinks.base import FrameResult, Sink
from warpseg.types import Classes, Frame, MotionField, VideoInfo

COLOURS = ((128, 64, 128), (220, 20, 60), (70, 130, 180))
CLASSES = Classes(("road", "person, walking", "sky"), COLOURS)
MANY = Classes(tuple(f"class {i}" for i in range(300)), tuple((i % 256, i // 256, 7) for i in range(300)))
RATE = Fraction(25)
Labels = NDArray[np.uint8] | NDArray[np.uint16]


def info_of(size: tuple[int, int] = (48, 64), **facts: object) -> VideoInfo:
    return VideoInfo("test", size, **({"frame_rate": RATE, "time_base": Fraction(1, 12800)} | facts))  # type: ignore[arg-type]


def frame_of(
    index: int, size: tuple[int, int] = (48, 64), time: Fraction | None = None, pixels: NDArray[np.uint8] | None = None
) -> Frame:
    picture = pixels if pixels is not None else np.full((*size, 3), (40 + index) % 256, np.uint8)
    time = index / RATE if time is None else time
    return Frame(index, time, size, MotionField.zero(), picture="P", load=lambda: picture)


def labels_of(
    size: tuple[int, int] = (48, 64), dtype: type[np.uint8 | np.uint16] = np.uint8, *, seed: int = 0
) -> Labels:
    values = [0, 1, 2, np.iinfo(dtype).max] + ([299] if dtype is np.uint16 else [])
    coarse = np.random.default_rng(seed).choice(values, (size[0] // 4 + 1, size[1] // 4 + 1)).astype(dtype)
    return cast(Labels, coarse.repeat(4, 0).repeat(4, 1)[: size[0], : size[1]])


def confidence_of(size: tuple[int, int] = (48, 64), *, seed: int = 0) -> NDArray[np.float32]:
    """Return what there is at the cells, one for eight by eight pixels."""
    return np.random.default_rng(seed).random((-(-size[0] // 8), -(-size[1] // 8)), np.float32)


def put(sink: Sink, frame: Frame, labels: Labels, *, is_key: bool, distance: int) -> None:
    """Write a frame with all that a sink may ask for."""
    confidence = confidence_of(frame.size, seed=frame.index)
    sink.write(FrameResult(frame, labels, is_key=is_key, distance=distance, confidence=confidence))


def write_all(sink: Sink, times: list[Fraction], size: tuple[int, int] = (48, 64)) -> None:
    with sink:
        for index, time in enumerate(times):
            put(sink, frame_of(index, size, time), labels_of(size), is_key=index == 0, distance=index)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    resource = pytest.importorskip("resource", reason="limits on file sizes are a Unix matter")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def begin_of(packet: Packet[Any] | av.VideoFrame) -> Fraction:
    assert packet.pts is not None
    assert packet.time_base is not None
    return packet.pts * packet.time_base
