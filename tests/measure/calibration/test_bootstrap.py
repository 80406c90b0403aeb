"""The bound on the worst distance is a bound."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from warpseg.measure.calibration.bootstrap import lower_bound
from warpseg.measure.calibration.targets import by_distance, worst


def drawn_windows(random: np.random.Generator, windows: int, skewed: bool, n: int = 4) -> NDArray[np.int64]:
    """Return agreement matrices (n, windows, 2, 2) of windows that differ; the mean falls by 2 % a distance."""
    # Skewed: most windows are easy, and a few are very hard.
    loss = random.gamma(0.8, 0.05, windows) if skewed else np.abs(random.normal(0.04, 0.02, windows))
    matrices = np.zeros((n, windows, 2, 2), np.int64)
    for p in range(n):
        wrong = np.clip(1e4 * (loss + 0.02 * p + random.normal(0, 0.005, windows)), 0, 1e4).astype(np.int64)
        matrices[p, :, 0, 1], matrices[p, :, 0, 0] = wrong, 10_000 - wrong
    return matrices


@pytest.mark.parametrize(
    ("windows", "skewed", "least"), [(8, False, 0.92), (20, False, 0.93), (20, True, 0.89), (60, True, 0.92)]
)
def test_the_bound_is_below_the_truth_in_95_of_100_samples(windows: int, skewed: bool, least: float) -> None:
    """Coverage in 200 samples; rare bad windows are not among few of them, which costs some of it."""
    random = np.random.default_rng(5)
    many = drawn_windows(random, 100_000, skewed)
    truth = float(worst("agreement", by_distance("agreement", many.sum(1))))
    samples = 200
    bounds = [
        lower_bound("agreement", drawn_windows(random, windows, skewed), range(windows), 0.95) for _ in range(samples)
    ]
    assert least <= np.mean([bound <= truth for bound in bounds]) < 1
    assert truth - float(np.mean(bounds)) < 0.05  # and it says something


def test_sources_are_drawn_whole_where_there_are_many() -> None:
    random = np.random.default_rng(0)
    one_each = drawn_windows(random, 12, skewed=False)
    repeated = np.repeat(one_each, 10, 1)  # ten windows of each source, all alike: no more is known than from one
    few = lower_bound("agreement", one_each, range(12), 0.95)
    assert lower_bound("agreement", repeated, np.repeat(np.arange(12), 10).tolist(), 0.95) == pytest.approx(few)
    assert lower_bound("agreement", repeated, range(120), 0.95) > few


def test_four_windows_are_too_few() -> None:
    with pytest.raises(ValueError, match="4 samples"):
        lower_bound("agreement", drawn_windows(np.random.default_rng(0), 4, skewed=False), range(4), 0.95)
