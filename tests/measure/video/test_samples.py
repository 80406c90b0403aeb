"""Samples of a video of any length."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from warpseg.measure.video.quality import Pair
from warpseg.measure.video.samples import Collector
from warpseg.types import Frame, MotionField


def test_what_is_collected_does_not_grow() -> None:
    frame = Frame(
        0, Fraction(0), (64, 96), MotionField.zero((8, 12)), "I", load=lambda: np.zeros((64, 96, 3), np.uint8)
    )
    collected = Collector()
    for k in range(9001):
        collected(replace(frame, index=k), Pair(1.0, 2.0) if k else None)
    assert len(collected.points) <= 2000
    assert sum(point.pairs for point in collected.points) == 9000
    assert len(collected.examples) == 6
    indices = np.diff([example.index for example in collected.examples])
    assert indices.max() < 2 * indices.min()
