"""Motion estimation without codec vectors: predicts motion by block search on a pyramid, from coarse to fine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.search import search

__all__ = ["predictions"]

_LEVELS = 2  # coarser levels: a half and a quarter of the plane's resolution
_SMALLEST = 2 * MARGIN  # pixels along the short side of a level
_COARSEST_STEPS = 16  # refinement steps at the coarsest level, which has no prediction from a coarser one
_STEPS = 4  # at the others


def predictions(plane: Plane, other: Plane, before: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Return seeds (1, 2, rows, columns) for the search of ``plane`` in ``other``, found at lower resolutions.

    ``before`` (2, rows, columns), the motion of the frame before in pixels of the plane, predicts this one. There are
    no seeds, (0, 2, rows, columns), for planes too small to be reduced.
    """
    levels = [(plane, other)]
    while len(levels) <= _LEVELS and min(levels[-1][0].coarser.luma.shape) >= _SMALLEST:
        levels.append((levels[-1][0].coarser, levels[-1][1].coarser))
    found: NDArray[np.float32] | None = None
    for fine, (a, b) in zip(reversed(levels[:-1]), reversed(levels[1:]), strict=True):
        rows, columns = (max(side // 2, 1) for side in a.grid)  # half the cells, so that patches do not overlap
        seeds = [] if found is None else [found]
        if before is not None:
            seeds.append(_onto(before * (plane.factor / a.factor), (rows, columns)))
        stacked = np.stack(seeds) if seeds else np.zeros((0, 2, rows, columns), np.float32)
        vectors = search(a, b, stacked, (rows, columns), steps=_COARSEST_STEPS if found is None else _STEPS)
        finer = fine[0].grid if fine[0] is plane else tuple(max(side // 2, 1) for side in fine[0].grid)
        found = _onto(vectors.whole.astype(np.float32) * (a.factor / fine[0].factor), (finer[0], finer[1]))
    return np.zeros((0, 2, *plane.grid), np.float32) if found is None else found[None]


def _onto(field: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Resample ``field`` (2, h, w) to another grid (rows, columns); each cell takes the value at its centre."""
    rows = ((np.arange(grid[0]) + 0.5) * field.shape[1] / grid[0]).astype(np.intp)
    columns = ((np.arange(grid[1]) + 0.5) * field.shape[2] / grid[1]).astype(np.intp)
    return field[:, rows[:, None], columns]
