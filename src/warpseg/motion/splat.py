"""Splatting: turns motion around by writing each cell's vector to the cell it points to; checks both directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.luma import Plane
from warpseg.motion.search import Vectors

__all__ = ["check_consistency", "splat"]


def splat(plane: Plane, found: Vectors) -> NDArray[np.float32]:
    """Return seeds (1, 2, rows, columns) for the reverse motion, in pixels of the plane, by forward splatting.

    Each vector is negated and written to the cell it points to. Where several meet, the one with the least SAD wins: it
    occludes the others. Cells that no vector reaches are NaN; their content is occluded in ``plane``.
    """
    rows, columns = found.error.shape
    back = np.full((2, rows, columns), np.nan, np.float32)
    cell = (plane.size[0] / plane.factor / rows, plane.size[1] / plane.factor / columns)
    _splat(found.whole, found.error, cell, back)
    return back[None]


@kernel()
def _splat(
    whole: NDArray[np.int64], error: NDArray[np.int64], cell: tuple[float, float], back: NDArray[np.float32]
) -> None:
    rows, columns = error.shape
    least = np.full((rows, columns), np.iinfo(np.int64).max, np.int64)
    for row in range(rows):
        for column in range(columns):
            y = int(np.floor(row + 0.5 + whole[1, row, column] / cell[0]))
            x = int(np.floor(column + 0.5 + whole[0, row, column] / cell[1]))
            if 0 <= y < rows and 0 <= x < columns and error[row, column] < least[y, x]:
                least[y, x] = error[row, column]
                back[0, y, x], back[1, y, x] = -whole[0, row, column], -whole[1, row, column]


@kernel()
def check_consistency(
    forward: NDArray[np.float32], backward: NDArray[np.float32], confidence: NDArray[np.float32]
) -> None:
    """Lower the confidence (rows, columns) of ``forward``, in place, by a forward-backward consistency check.

    Both fields are offsets (2, rows, columns), fractions of the frame. Where ``backward``, read at the end of
    ``forward``, misses the starting point by d cells, confidence is divided by 1 + d².
    """
    rows, columns = confidence.shape
    for row in range(rows):
        for column in range(columns):
            dx, dy = forward[0, row, column] * columns, forward[1, row, column] * rows
            y = min(max(int(np.floor(row + 0.5 + dy)), 0), rows - 1)
            x = min(max(int(np.floor(column + 0.5 + dx)), 0), columns - 1)
            dx += backward[0, y, x] * columns
            dy += backward[1, y, x] * rows
            confidence[row, column] /= 1 + dx * dx + dy * dy
