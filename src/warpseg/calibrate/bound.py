"""How sure a worst distance is: a one-sided lower bound from windows drawn again and again."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from warpseg.calibrate.measures import Measure, by_distance, worst
from warpseg.evaluate.metrics import Matrix

__all__ = ["FEWEST", "lower_bound", "tail"]

FEWEST = 5  # windows below which no bound is given
_ENOUGH_SOURCES = 10  # from here on whole sources are drawn, because windows of one source resemble each other
_DRAWS = 2000


def lower_bound(measure: Measure, matrices: Matrix, sources: Sequence[int], level: float, *, seed: int = 0) -> float:
    """Return what ``worst`` of all video like this exceeds with confidence ``level``.

    ``matrices`` (n, windows, classes, classes) are confusion matrices by distance and window, ``sources`` says which
    source each window is from. Windows are drawn with replacement, or sources with all their windows where there are
    ten or more; the quantile taken is widened for few of them (``tail``). Raises ``ValueError`` for less than five
    windows.
    """
    count = matrices.shape[1]
    if count < FEWEST:
        raise ValueError(f"{count} windows are too few for a bound; at least {FEWEST}")
    groups = np.unique(np.asarray(sources), return_inverse=True)[1]
    if groups.max() + 1 < _ENOUGH_SOURCES:
        groups = np.arange(count)
    units = int(groups.max()) + 1
    random = np.random.default_rng(seed)
    times = random.multinomial(units, np.full(units, 1 / units), size=_DRAWS)[:, groups].astype(np.float64)
    # A distance at a time: the matrices of all draws need not fit in memory together.
    columns = [by_distance(measure, np.tensordot(times, each, 1)) for each in matrices.astype(np.float64)]
    drawn = worst(measure, np.stack(columns, -1))
    return float(np.quantile(drawn[np.isfinite(drawn)], tail(1 - level, units)))


def tail(share: float, units: int) -> float:
    """Return the quantile at which the bootstrap of ``units`` bounds a mean from below but for ``share`` of samples.

    The plain percentile promises too much for few units: drawn means spread by too little (by sqrt((m - 1) / m)), and
    their tails are a normal's where Student's t belongs (Hesterberg's expanded percentile).
    """
    freedom = units - 1
    z = NormalDist().inv_cdf(1 - share)
    # Student's t quantile by Cornish and Fisher's series: within 2 % from four degrees of freedom on.
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    t += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    return NormalDist().cdf(-t * (units / freedom) ** 0.5)


def weakest(measure: Measure, matrices: NDArray[np.int64]) -> float:
    """Return the least that ``worst`` is over single windows of ``matrices`` (n, windows, classes, classes)."""
    return float(np.nanmin(worst(measure, np.moveaxis(by_distance(measure, matrices), 0, -1))))
