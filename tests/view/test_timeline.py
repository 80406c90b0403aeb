"""Timelines of any length in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from warpseg.view.timeline import Timeline


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 1000])
def test_a_timeline_keeps_means(count: int) -> None:
    timeline = Timeline(8)
    values = np.random.default_rng(count).random((count, 2))
    for index, each in enumerate(values):
        timeline.add(10 + index, each)
    starts, means = timeline.points()
    assert len(starts) <= 8
    assert timeline.mean == pytest.approx(values.mean(0))
    edges = [start - 10 for start in starts] + [count]
    assert edges[0] == 0
    for k, mean in enumerate(means):
        assert mean == pytest.approx(values[edges[k] : edges[k + 1]].mean(0))
