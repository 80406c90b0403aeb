"""Counters of picture types and times of frames."""

from __future__ import annotations

from fractions import Fraction

from warpseg.measure.video.counters import FrameTimes, PictureTypes
from warpseg.types import PictureType


def test_patterns_in_the_middle_of_a_stream() -> None:
    types = PictureTypes()
    stream: list[PictureType] = ["B", "P", "B", "P", "I", "B", "P", "I", "B", "P", "I", "P"]
    for picture in stream:
        types.add(picture)
    assert types.pattern == "IBP"
    assert types.groups == {3: 2}
    assert types.between == {1: 3, 0: 4}


def test_times_without_any() -> None:
    times = FrameTimes(Fraction(1, 25))
    assert times.constant is None
