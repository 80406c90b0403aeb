"""Predictive block search: finds each cell's vector among predictions and a few steps around the best of them.

The method is that of predictive zonal searches such as EPZS (Tourapis, 2002): the vectors that the codec, a coarser
level, the frame before and the neighbouring cells predict are tried first; a cell whose SAD falls below a threshold
stops there; the others descend, a pixel at a time, in a small diamond. A second pass in reverse order spreads vectors
up and left. The cost of a vector is its SAD plus a small penalty on its distance from the neighbours' vectors, as
encoders charge for the bits of a vector.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import PATCH, sad

__all__ = ["Vectors", "corner", "search"]

Offsets = NDArray[np.float32]
_Pictures: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8], int]  # two flat pictures, bytes per row
_Best: TypeAlias = tuple[int, int, int, int]  # cost, SAD, x, y

_PENALTY = 3  # SAD that outweighs one pixel of distance from the neighbours' vector
_THRESHOLD = 64  # SAD at which the search of a cell stops: one grey level per pixel
_STEPS = 2  # most steps of one pixel from the best prediction


class Vectors:
    """Vectors of a grid of cells, in whole pixels, with the SAD that each leaves."""

    def __init__(self, grid: tuple[int, int]) -> None:
        self.whole = np.zeros((2, *grid), np.int64)  # x, y in pixels of the plane
        self.error = np.zeros(grid, np.int64)  # SAD


def search(
    plane: Plane,
    other: Plane,
    seeds: Offsets,
    grid: tuple[int, int] | None = None,
    *,
    steps: int = _STEPS,
) -> Vectors:
    """Find each cell of ``plane`` again in ``other``, which has the same size.

    ``seeds`` (k, 2, rows, columns) are k predictions of x, y in pixels of the plane, NaN where there is none; ``grid``
    is (rows, columns), by default the plane's own; ``steps`` limits the descent from the best prediction.
    """
    found = Vectors(grid or plane.grid)
    cell = (plane.size[0] / plane.factor / found.error.shape[0], plane.size[1] / plane.factor / found.error.shape[1])
    _search(plane.pixels, other.pixels, cell, seeds, _PENALTY, _THRESHOLD, steps, found.whole, found.error)
    return found


@kernel()
def _search(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    cell: tuple[float, float],
    seeds: Offsets,
    penalty: int,
    threshold: int,
    steps: int,
    whole: NDArray[np.int64],
    error: NDArray[np.int64],
) -> None:
    rows, columns = error.shape
    height, width = plane.shape
    pictures = plane.reshape(-1), other.reshape(-1), width
    # Cast, because numba types literals by their value and would compile every function again for them.
    zero, infinite = int(np.int64(0)), int(np.int64(1 << 30))
    worst = (infinite, infinite, zero, zero)
    # The first cell has no neighbours: its first seed replaces them, clipped so that its penalty stays finite.
    for k in range(len(seeds) - 1, -1, -1):
        if seeds[k, 0, 0, 0] == seeds[k, 0, 0, 0]:
            whole[0, 0, 0] = min(max(int(np.rint(seeds[k, 0, 0, 0])), -width), width)
            whole[1, 0, 0] = min(max(int(np.rint(seeds[k, 1, 0, 0])), -height), height)
    for row in range(rows):
        top = corner(row, cell[0])
        above = max(row - 1, 0)
        for column in range(columns):
            left = corner(column, cell[1])
            bounds = _bounds(plane.shape, top, left)
            at = top * width + left
            before = max(column - 1, 0)
            after = column + 1 if column + 1 < columns else before
            lx, ly = whole[0, row, before], whole[1, row, before]
            ax, ay = whole[0, above, column], whole[1, above, column]
            cx, cy = whole[0, above, after], whole[1, above, after]
            if row == 0:  # no cell above: the left one replaces it, and the other way round
                ax, ay, cx, cy = lx, ly, lx, ly
            elif column == 0:
                lx, ly = ax, ay
            # The predicted vector is the median of those left, above and above right, as in H.264.
            px, py = _median(lx, ax, cx), _median(ly, ay, cy)
            best = worst
            for k in range(len(seeds)):
                sx, sy = seeds[k, 0, row, column], seeds[k, 1, row, column]
                if sx == sx:
                    x, y = int(np.rint(sx)), int(np.rint(sy))
                    best = _better(pictures, at, bounds, x, y, px, py, penalty, best)
            best = _better(pictures, at, bounds, px, py, px, py, penalty, best)
            if best[1] > threshold:
                for x, y in ((zero, zero), (lx, ly), (ax, ay), (cx, cy)):
                    best = _better(pictures, at, bounds, x, y, px, py, penalty, best)
                best = _descend(pictures, at, bounds, px, py, penalty, threshold, steps, best)
            _, error[row, column], whole[0, row, column], whole[1, row, column] = best
    # In reverse order, so that vectors found to the right and below reach each cell too.
    for row in range(rows - 1, -1, -1):
        top = corner(row, cell[0])
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        for column in range(columns - 1, -1, -1):
            if error[row, column] <= threshold:
                continue
            before, after = max(column - 1, 0), min(column + 1, columns - 1)
            x, y = whole[0, row, column], whole[1, row, column]
            rx, ry = whole[0, row, after], whole[1, row, after]
            bx, by = whole[0, below, column], whole[1, below, column]
            px = _middle(whole[0, row, before], rx, whole[0, above, column], bx)
            py = _middle(whole[1, row, before], ry, whole[1, above, column], by)
            if rx == x and ry == y and bx == x and by == y and px == x and py == y:
                continue
            left = corner(column, cell[1])
            bounds = _bounds(plane.shape, top, left)
            at = top * width + left
            best = error[row, column] + penalty * (abs(x - px) + abs(y - py)), error[row, column], x, y
            for vx, vy in ((rx, ry), (bx, by), (px, py)):
                best = _better(pictures, at, bounds, vx, vy, px, py, penalty, best)
            if best[2] != x or best[3] != y:
                best = _descend(pictures, at, bounds, px, py, penalty, threshold, steps, best)
                _, error[row, column], whole[0, row, column], whole[1, row, column] = best


@kernel()
def _descend(
    pictures: _Pictures,
    at: int,
    bounds: tuple[int, int, int, int],
    px: int,
    py: int,
    penalty: int,
    threshold: int,
    steps: int,
    best: _Best,
) -> _Best:
    """Move to the best of the four vectors around, ``steps`` times at most.

    Stops when the SAD reaches the threshold or no neighbour is better.
    """
    for _ in range(steps):
        x, y = best[2], best[3]
        if best[1] <= threshold:
            break
        for side in range(4):
            dx, dy = (side == 0) - (side == 1), (side == 2) - (side == 3)
            best = _better(pictures, at, bounds, x + dx, y + dy, px, py, penalty, best)
        if best[2] == x and best[3] == y:
            break
    return best


@kernel()
def _better(
    pictures: _Pictures,
    at: int,
    bounds: tuple[int, int, int, int],
    x: int,
    y: int,
    px: int,
    py: int,
    penalty: int,
    best: _Best,
) -> _Best:
    """Return the better of ``best`` and the vector x, y, clipped to ``bounds``, for the patch at position ``at``.

    There is no branch, because a misprediction costs as much as comparing two patches.
    """
    here, there, width = pictures
    x, y = min(max(x, bounds[0]), bounds[1]), min(max(y, bounds[2]), bounds[3])
    error = int(sad(here, there, width, at, at + y * width + x))
    cost = error + penalty * (abs(x - px) + abs(y - py))
    won = cost < best[0]
    return (
        cost if won else best[0],
        error if won else best[1],
        x if won else best[2],
        y if won else best[3],
    )


@kernel()
def _bounds(shape: tuple[int, int], top: int, left: int) -> tuple[int, int, int, int]:
    """Return the least and greatest x, then y, by which a patch at this corner can move within the picture."""
    return -left, shape[1] - PATCH - left, -top, shape[0] - PATCH - top


@kernel()
def corner(index: int, cell: float) -> int:
    """Return the first pixel, along one axis and counted with the margin, of the patch around a cell's centre."""
    return int((index + 0.5) * cell) - PATCH // 2 + MARGIN


@kernel()
def _median(a: int, b: int, c: int) -> int:
    return max(min(a, b), min(max(a, b), c))


@kernel()
def _middle(a: int, b: int, c: int, d: int) -> int:
    """Return the median of four: the mean of the two in the middle, rounded down."""
    return (a + b + c + d - max(max(a, b), max(c, d)) - min(min(a, b), min(c, d))) // 2
