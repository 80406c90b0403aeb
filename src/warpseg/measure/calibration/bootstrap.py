"""How sure a worst distance is: a one-sided lower bound from windows drawn again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.metrics import Matrix
from warpseg.measure.calibration.targets import Measure, by_distance, worst

__all__ = ["FEWEST", "lower_bound", "weakest"]

FEWEST = 5  # windows below which no bound is given
_ENOUGH_SOURCES = 10  # from here on whole sources are drawn, because windows of one source resemble each other
_DRAWS = 1000


def lower_bound(measure: Measure, matrices: Matrix, sources: Sequence[int], level: float, *, seed: int = 0) -> float:
    """Return what ``worst`` of all video like this exceeds with confidence ``level``.

    ``matrices`` (n, windows, classes, classes) are confusion matrices by distance and window, ``sources`` says which
    source each window is from. Windows are drawn with replacement, or sources with all their windows where there are
    ten or more. Each draw is compared with its own standard error (bootstrap-t): plain percentiles promise too much
    where most windows are easy and a few are not, which is what video is like. Raises ``ValueError`` for less than
    five windows.
    """
    count = matrices.shape[1]
    if count < FEWEST:
        raise ValueError(f"{count} windows are too few for a bound; at least {FEWEST}")
    groups = np.unique(np.asarray(sources), return_inverse=True)[1]
    if groups.max() + 1 < _ENOUGH_SOURCES:
        groups = np.arange(count)
    units = int(groups.max()) + 1

    def value(times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``worst`` (...) of units taken so many ``times`` (..., units)."""
        # A distance at a time: the matrices of all draws need not fit in memory together.
        weights = times[:, groups]
        columns = [by_distance(measure, np.tensordot(weights, each, 1)) for each in matrices.astype(np.float64)]
        return worst(measure, np.stack(columns, -1))

    estimate = float(value(np.ones((1, units)))[0])
    without = value(1 - np.eye(units))
    influence = (units - 1) * (without.mean() - without)  # of each unit on the value (jackknife)
    random = np.random.default_rng(seed)
    times = random.multinomial(units, np.full(units, 1 / units), size=_DRAWS).astype(np.float64)
    mean = times @ influence / units
    spread = np.sqrt(np.maximum(times @ influence**2 / units - mean**2, 0) / units)
    error = float(influence.std(ddof=1) / units**0.5)
    # Where a draw happens to hold equal units only, it knows nothing of its own error.
    apart = (value(times) - estimate) / np.maximum(spread, 0.05 * error + np.finfo(float).tiny)
    return estimate - error * max(0.0, float(np.nanquantile(apart, level)))


def weakest(measure: Measure, matrices: NDArray[np.int64]) -> float:
    """Return the least that ``worst`` is over single windows of ``matrices`` (n, windows, classes, classes)."""
    return float(np.nanmin(worst(measure, np.moveaxis(by_distance(measure, matrices), 0, -1))))
