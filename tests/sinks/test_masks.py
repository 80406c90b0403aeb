"""Masks: lossless, at the source's times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.sinks import (
    CLASSES,
    decoded,
    frame_of,
    info_of,
    labels_of,
    write_all,
)
from warpseg.sinks.base import FrameResult
from warpseg.sinks.masks import MaskSink


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(48, 64), (35, 47), (1, 1)])
def test_masks_come_back_exactly(dtype: type[np.uint8 | np.uint16], size: tuple[int, int], tmp_path: Path) -> None:
    labels = [labels_of(size, dtype, seed=seed) for seed in range(4)]
    noise = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)
    labels.append(noise)
    with MaskSink(tmp_path / "masks.mkv", info_of(size), CLASSES) as sink:
        for index, values in enumerate(labels):
            sink.write(FrameResult(frame_of(index, size), values, is_key=False, distance=0))
    frames = decoded(tmp_path / "masks.mkv")
    assert len(frames) == len(labels)
    for frame, values in zip(frames, labels, strict=True):
        assert frame.format.name == ("gray" if dtype is np.uint8 else "gray16le")
        assert frame.color_range == 2
        np.testing.assert_array_equal(frame.to_ndarray(), values)


def test_masks_keep_the_sources_times_to_the_millisecond(tmp_path: Path) -> None:
    times = [Fraction(5), Fraction(5) + Fraction(1, 30), Fraction(21, 4), Fraction(26, 3)]
    write_all(MaskSink(tmp_path / "masks.mkv", info_of(), CLASSES), times)
    assert [frame.pts for frame in decoded(tmp_path / "masks.mkv")] == [5000, 5033, 5250, 8667]


def test_masks_of_another_size_are_scaled_by_nearest_neighbour(tmp_path: Path) -> None:
    with MaskSink(tmp_path / "masks.mkv", info_of((4, 4)), CLASSES) as sink:
        sink.write(FrameResult(frame_of(0, (4, 4)), np.zeros((4, 4), np.uint8), is_key=True, distance=0))
        small = np.array([[0, 1], [2, 255]], np.uint8)
        sink.write(FrameResult(frame_of(1, (2, 2)), small, is_key=True, distance=0))
    np.testing.assert_array_equal(decoded(tmp_path / "masks.mkv")[1].to_ndarray(), small.repeat(2, 0).repeat(2, 1))
    assert "4x4 to 2x2 at frame 1" in sink.warnings[0]


def test_masks_refuse_a_change_of_type(tmp_path: Path) -> None:
    sink = MaskSink(tmp_path / "m.mkv", info_of(), CLASSES)
    sink.write(FrameResult(frame_of(0), labels_of(), is_key=True, distance=0))
    with pytest.raises(ValueError, match="began with uint8"):
        sink.write(FrameResult(frame_of(1), labels_of(dtype=np.uint16), is_key=True, distance=0))
    sink.discard()


@pytest.mark.parametrize(("size", "dtype"), [((8192, 8192), np.uint8), ((4096, 8192), np.uint16)])
def test_masks_may_be_large(tmp_path: Path, size: tuple[int, int], dtype: type[np.uint8 | np.uint16]) -> None:
    """FFV1 takes slices of a limited size only."""
    labels = np.zeros(size, dtype)
    labels[::64] = np.arange(size[1]) % 19
    with MaskSink(tmp_path / "masks.mkv", info_of(size), CLASSES) as sink:
        sink.write(FrameResult(frame_of(0, size), labels, is_key=True, distance=0))
    (frame,) = decoded(tmp_path / "masks.mkv")
    np.testing.assert_array_equal(frame.to_ndarray(), labels)
