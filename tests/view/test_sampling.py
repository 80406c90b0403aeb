"""Even samples of sequences whose length is known, and of those that may never end."""

from __future__ import annotations

import numpy as np
import pytest

from warpseg.view.sampling import Runs, Sample, evenly


def test_evenly_takes_both_ends() -> None:
    assert evenly(range(10), 4) == [0, 3, 6, 9]
    assert evenly("abc", 5) == ["a", "b", "c"]
    for length in range(1, 40):
        for count in range(2, 12):
            found = evenly(range(length), count)
            assert len(found) == min(length, count)
            assert (found[0], found[-1]) == (0, length - 1)
            assert np.ptp(np.diff(found)) <= 1 if len(found) > 1 else True


@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 100, 5000])
def test_a_sample_is_even_at_every_length(length: int, factor: int, drift: bool) -> None:
    sample: Sample[int] = Sample(8, factor=factor, drift=drift)
    for i in range(length):
        if sample.wants(i):
            sample.add(i, i)
        assert len(sample.items) <= 8
    assert sample.items[0] == 0
    assert len(sample.items) >= min(length, 9 // factor)
    gaps = np.diff([*sample.items, length])
    assert gaps[:-1].max(initial=1) <= 2 * gaps[:-1].min(initial=length)
    assert gaps[-1] <= 2 * gaps.max()


def test_a_drifting_sample_meets_every_beat_of_a_rhythm() -> None:
    for rhythm in (2, 4, 5, 8, 10):
        sample: Sample[int] = Sample(48, drift=True)
        for i in range(3000):
            if sample.wants(i):
                sample.add(i, i)
        assert len({i % rhythm for i in sample.items}) > 1


def test_an_item_that_is_not_possible_leaves_its_place_to_the_next() -> None:
    sample: Sample[int] = Sample(4, factor=3)
    for i in range(30):
        if i % 9 and sample.wants(i):  # never on the beat
            sample.add(i, i)
    assert sample.items == [1, 10, 19, 28]


@pytest.mark.parametrize("most", [3, 4, 10])
def test_runs_hold_all_items_in_equal_parts(most: int) -> None:
    for length in range(1, 100):
        runs: Runs[list[int]] = Runs(most, lambda a, b: a + b)
        for i in range(length):
            runs.add([i])
        assert len(runs) == length
        assert sum(runs.items, []) == list(range(length))  # noqa: RUF017
        assert len(runs.items) <= most + most % 2
        assert {len(run) for run in runs.items[:-1]} <= {runs.length}
        assert len(runs.items[-1]) <= runs.length
