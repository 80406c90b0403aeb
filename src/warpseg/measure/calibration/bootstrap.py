"""Bootstrap: a one-sided lower confidence bound of the worst distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.metrics import Matrix
from warpseg.measure.calibration.targets import Measure, by_distance, worst

__all__ = ["FEWEST", "lower_bound", "worst_sample"]

FEWEST = 5  # samples below which no bound is given
_ENOUGH_SOURCES = 10  # from here on whole sources are drawn, because samples of one source resemble each other
_DRAWS = 1000


def lower_bound(measure: Measure, matrices: Matrix, sources: Sequence[int], level: float, *, seed: int = 0) -> float:
    """Return the lower bound, at confidence ``level``, of ``worst`` over all video like these samples.

    Samples are drawn with replacement; from ten sources on, sources with all their samples. Each draw is compared with
    its own standard error (bootstrap-t, Efron and Tibshirani 1993, chapter 12): plain percentiles are too optimistic
    where most samples are easy and a few are hard, as in video.

    Args:
        measure: the measure.
        matrices: confusion matrices by distance and sample (n, samples, classes, classes).
        sources: the source of each sample.
        level: the confidence.
        seed: of the random draws.

    Raises:
        ValueError: there are fewer than five samples.
    """
    count = matrices.shape[1]
    if count < FEWEST:
        raise ValueError(f"{count} samples are too few for a bound; at least {FEWEST} are needed")
    groups = np.unique(np.asarray(sources), return_inverse=True)[1]
    if groups.max() + 1 < _ENOUGH_SOURCES:
        groups = np.arange(count)
    units = int(groups.max()) + 1

    def value(times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``worst`` (...) of units taken so many ``times`` (..., units)."""
        # One distance after another: the matrices of all draws need not fit in memory together.
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
    # A draw of equal units alone has no error of its own.
    apart = (value(times) - estimate) / np.maximum(spread, 0.05 * error + np.finfo(float).tiny)
    return estimate - error * max(0.0, float(np.nanquantile(apart, level)))


def worst_sample(measure: Measure, matrices: NDArray[np.int64]) -> float:
    """Return the minimum of ``worst`` over single samples of ``matrices`` (n, samples, classes, classes)."""
    return float(np.nanmin(worst(measure, np.moveaxis(by_distance(measure, matrices), 0, -1))))
