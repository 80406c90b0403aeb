"""Readings of scores and their bootstrap intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from warpseg.measure.accuracy.metrics import mean_iou
from warpseg.measure.accuracy.results import (
    Scores,
    average,
    average_retention,
    bounds,
    difference,
    worst,
    worst_retention,
)


def made_up(n: int = 4, targets: int = 45, count: int = 5, seed: int = 0) -> Scores:
    """Return scores that fall with the distance and differ from frame to frame."""
    random = np.random.default_rng(seed)
    matrices = random.integers(0, 40, (n, targets, count, count))
    hits = random.integers(150, 400, (1, targets, count)) - 30 * np.arange(n)[:, None, None]
    matrices[..., range(count), range(count)] += hits
    return Scores(tuple(range(targets)), matrices)


def test_readings_are_what_they_say() -> None:
    scores = made_up()
    by_hand = [float(mean_iou(matrices.sum(0))) for matrices in scores.matrices]
    assert list(scores.by_distance) == by_hand
    assert scores.every_frame == by_hand[0]
    assert scores.average == pytest.approx(sum(by_hand[1:]) / 3)
    assert scores.average_with_keyframes == pytest.approx(sum(by_hand) / 4)
    assert scores.worst == min(by_hand[1:])
    assert scores.pooled == float(mean_iou(scores.matrices.reshape(-1, 5, 5).sum(0)))
    assert scores.average_retention == pytest.approx(scores.average / by_hand[0])
    assert scores.worst_retention == pytest.approx(scores.worst / by_hand[0])


def test_interval_1_keeps_everything() -> None:
    scores = made_up(n=1)
    assert scores.average == scores.worst == scores.pooled == scores.every_frame
    assert scores.average_retention == scores.worst_retention == 1


@pytest.mark.parametrize("reading", [average, worst, average_retention, worst_retention])
@pytest.mark.parametrize("seed", range(3))
def test_bootstrap_intervals_contain_the_estimate(reading: object, seed: int) -> None:
    scores = made_up(seed=seed)
    assert callable(reading)
    low, high = bounds(reading(scores.resampled()))
    assert low < float(reading(scores.by_distance)) < high


def test_bootstrap_is_degenerate_where_all_frames_are_the_same() -> None:
    one = made_up(targets=1)
    same = Scores(tuple(range(30)), np.repeat(one.matrices, 30, 1))
    drawn = same.resampled()
    np.testing.assert_allclose(drawn, np.broadcast_to(one.by_distance, drawn.shape), rtol=1e-12)


def test_bootstrap_is_a_function_of_its_seed_and_pairs_scores_of_the_same_targets() -> None:
    scores = made_up()
    np.testing.assert_array_equal(scores.resampled(seed=3), scores.resampled(seed=3))
    assert (scores.resampled(seed=3) != scores.resampled(seed=4)).any()
    twice = Scores(scores.frames, 2 * scores.matrices)
    np.testing.assert_allclose(twice.resampled(), scores.resampled(), rtol=1e-12)


def test_differences_are_paired() -> None:
    scores = made_up()
    assert difference(scores, scores, worst) == (0, 0, 0)
    worse = scores.matrices.copy()
    worse[1:, :, 0, 1] += 20  # on every frame alike
    value, low, high = difference(Scores(scores.frames, worse), scores, average_retention)
    alone_low, alone_high = bounds(average_retention(scores.resampled()))
    assert low < value < high < 0
    assert high - low < (alone_high - alone_low) / 2
    with pytest.raises(ValueError, match="different target frames"):
        difference(scores, Scores(scores.frames[1:], scores.matrices[:, 1:]), average)


def test_neighbouring_frames_are_drawn_together() -> None:
    """Where blocks agree inside and differ from each other, drawing single frames would promise too much."""
    kinds = made_up(targets=6)
    scores = Scores(tuple(range(60)), np.repeat(kinds.matrices, 10, 1))
    low, high = bounds(average(scores.resampled(block=10)))
    narrow_low, narrow_high = bounds(average(scores.resampled(block=1)))
    assert high - low > 2 * (narrow_high - narrow_low)


def test_fewer_targets_than_two_blocks_are_named() -> None:
    with pytest.raises(ValueError, match="19 target frames"):
        made_up(targets=19).resampled(block=10)


def test_a_summary_has_percentages_and_intervals_around_them() -> None:
    scores = made_up()
    summary: Any = scores.summary()
    assert summary["average"] == 100 * scores.average
    assert summary["worst_retention"] == 100 * scores.worst_retention
    assert summary["by_distance"] == [100 * value for value in scores.by_distance[1:].tolist()]
    assert summary["targets"] == 45
    for name in ("average", "worst", "average_retention", "worst_retention"):
        low, high = summary[f"{name}_interval"]
        assert low < summary[name] < high
