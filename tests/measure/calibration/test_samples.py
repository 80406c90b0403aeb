"""Excerpts: spread over the material, whole, and read where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.chunks import Reader
from warpseg.measure.calibration.samples import GAP, SPAN, VideoMaterial, plan
from warpseg.types import Frame, MotionField


def test_excerpts_are_spread_do_not_overlap_and_have_whole_windows() -> None:
    found = plan([(400, None), (200, None)], 20, 30)
    assert found.limit == 30
    assert len(found.samples) == 20
    assert {sample.source for sample in found.samples} == {0, 1}
    for sample in found.samples:
        assert sample.first >= 29
        assert sample.first + SPAN - 1 + 29 < (400, 200)[sample.source]
        assert [i - sample.first for i in sample.targets] == [0, 3, 6, 9]
    starts = [sample.first for sample in found.samples if sample.source == 0]
    assert all(later - earlier >= SPAN for earlier, later in pairwise(starts))
    assert found == plan([(400, None), (200, None)], 20, 30)


def test_memory_does_not_grow_with_the_video_and_short_ones_lower_the_interval() -> None:
    assert len(plan([(1_000_000, None)], 20, 30).samples) == 20
    assert plan([(40, None)] * 5, 20, 30).limit == 10


def test_sparse_labels_are_the_frames_that_are_judged() -> None:
    snippets = plan([(30, [19])] * 40, 20, 30)
    assert snippets.limit == 11  # frames 20 to 29 follow the label
    assert len(snippets.samples) == 20
    assert {sample.targets for sample in snippets.samples} == {(19,)}


class Counted:
    """Frames without pixels, and how often reading began."""

    name = "counted"
    labels: Mapping[int, NDArray[np.uint8]] | None = None

    def __init__(self, length: int) -> None:
        self.length = length
        self.starts: list[int] = []

    def count(self) -> int:
        return self.length

    def start(self, first: int) -> Iterator[Frame]:
        self.starts.append(first)
        for i in range(max(0, first - 3), self.length):
            yield Frame(i, Fraction(i), (4, 4), MotionField.zero())


def test_stretches_that_follow_each_other_are_read_in_one_go() -> None:
    material = Counted(1000)
    reader = Reader(material.start, gap=GAP)
    for first, count in ((5, 20), (15, 20), (15, 5), (40, 3), (500, 10), (990, 20)):
        expected = list(range(first, min(first + count, 1000)))
        assert [frame.index for frame in reader.read(first, count)] == expected
    assert material.starts == [5, 500, 990]


def test_a_video_is_read_from_the_middle_with_its_own_frame_numbers(street: Path) -> None:
    material = VideoMaterial(str(street), "auto")
    assert material.count() == 110
    frames = Reader(material.start, gap=GAP).read(70, 12)
    whole = Reader(material.start, gap=GAP).read(0, 110)
    assert [frame.index for frame in frames] == list(range(70, 82))
    for frame in frames:
        np.testing.assert_array_equal(frame.pixels, whole[frame.index].pixels)
