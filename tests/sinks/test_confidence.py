"""Confidence at the network's cells."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.sinks import (
    CLASSES,
    confidence_of,
    decoded,
    frame_of,
    info_of,
    labels_of,
    put,
)
from warpseg.sinks.base import FrameResult
from warpseg.sinks.confidence import ConfidenceSink


@pytest.mark.parametrize("size", [(48, 64), (35, 47), (1, 1), (720, 1280)])
def test_confidence_comes_back_rounded_at_the_networks_cells(size: tuple[int, int], tmp_path: Path) -> None:
    maps = [np.ones_like(confidence_of(size)), *(confidence_of(size, seed=seed) for seed in range(3))]
    with ConfidenceSink(tmp_path / "confidence.mkv", info_of(size), CLASSES) as sink:
        for index, confidence in enumerate(maps):
            now = frame_of(index, size, Fraction(5) + Fraction(index, 30))
            sink.write(FrameResult(now, labels_of(size), is_key=index == 0, distance=index, confidence=confidence))
    frames = decoded(tmp_path / "confidence.mkv")
    assert [frame.pts for frame in frames] == [5000, 5033, 5067, 5100]
    for frame, confidence in zip(frames, maps, strict=True):
        assert (frame.format.name, frame.color_range) == ("gray", 2)
        np.testing.assert_array_equal(frame.to_ndarray(), np.round(255 * confidence))
    assert (frames[0].to_ndarray() == 255).all()
    assert sink.warnings == []


def test_confidence_that_nobody_judged_is_zero_and_told_of_once(tmp_path: Path) -> None:
    with ConfidenceSink(tmp_path / "confidence.mkv", info_of(), CLASSES) as sink:
        put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
        for index in (1, 2):
            sink.write(FrameResult(frame_of(index), labels_of(), is_key=False, distance=index))
    frames = [frame.to_ndarray() for frame in decoded(tmp_path / "confidence.mkv")]
    assert [frame.shape for frame in frames] == [(6, 8)] * 3
    assert [bool(frame.any()) for frame in frames] == [True, False, False]
    assert len(sink.warnings) == 1
    assert "frame 1 has no confidence; such frames are written as 0" in sink.warnings[0]


def test_confidence_begins_with_a_frame_that_has_one(tmp_path: Path) -> None:
    sink = ConfidenceSink(tmp_path / "confidence.mkv", info_of(), CLASSES)
    with pytest.raises(ValueError, match="frame 0 has no confidence"):
        sink.write(FrameResult(frame_of(0), labels_of(), is_key=False, distance=1))
    sink.discard()
