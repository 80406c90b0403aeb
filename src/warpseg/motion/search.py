"""Predictive block search: the vector of each cell, found among what others suggest and a few steps around it.

Good predictions make a search cheap and its result smooth: what the codec's vectors, a coarser level, the frame before
and the cells around suggest is tried first, and most cells need little else. The candidate wins whose window differs
least, with a small price on leaving the cells around (as encoders charge for the bits of a vector).
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.motion.planes import MARGIN, Plane
from warpseg.motion.window import WINDOW, difference

__all__ = ["Vectors", "corner", "search"]

Offsets = NDArray[np.float32]

_PRICE = 3.0  # of a pixel's step away from the neighbours' vector, in grey levels summed over a window
_GOOD = 64  # summed difference with which a cell is content: a grey level a pixel
_STEPS = 2  # of a pixel each, in search of less difference, from the best prediction


class Vectors:
    """Where the windows of one plane are found in another."""

    def __init__(self, grid: tuple[int, int]) -> None:
        self.whole = np.zeros((2, *grid), np.int32)  # x, y in whole pixels of the plane
        self.error = np.zeros(grid, np.int32)  # summed luma difference of the windows


def search(
    plane: Plane,
    other: Plane,
    seeds: Offsets,
    grid: tuple[int, int] | None = None,
    *,
    steps: int = _STEPS,
) -> Vectors:
    """Find each cell of ``plane`` again in ``other``, of the same size.

    ``seeds`` (k, 2, rows, columns) are predictions of x, y in pixels of the plane, NaN where there is none.
    """
    found = Vectors(grid or plane.grid)
    cell = (plane.size[0] / plane.factor / found.error.shape[0], plane.size[1] / plane.factor / found.error.shape[1])
    _search(plane.pixels, other.pixels, cell, seeds, _PRICE, _GOOD, steps, found.whole, found.error)
    return found


@numba.njit(cache=True, nogil=True)
def _search(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    cell: tuple[float, float],
    seeds: Offsets,
    price: float,
    good: int,
    steps: int,
    whole: NDArray[np.int32],
    error: NDArray[np.int32],
) -> None:
    rows, columns = error.shape
    size, here, there = plane.shape, plane.reshape(-1), other.reshape(-1)
    tried = np.empty((len(seeds) + 5, 2), np.int32)
    for row in range(rows):
        for column in range(columns):
            # Prediction: the median of the cells left, above and above right, as in H.264.
            px, py = 0, 0
            if row and column:
                beyond = column + 1 if column + 1 < columns else column - 1
                px = _median(whole[0, row, column - 1], whole[0, row - 1, column], whole[0, row - 1, beyond])
                py = _median(whole[1, row, column - 1], whole[1, row - 1, column], whole[1, row - 1, beyond])
            elif column:
                px, py = whole[0, row, column - 1], whole[1, row, column - 1]
            elif row:
                px, py = whole[0, row - 1, column], whole[1, row - 1, column]
            count = 0
            for k in range(len(seeds)):
                x, y = seeds[k, 0, row, column], seeds[k, 1, row, column]
                if x == x:
                    count = _add(tried, count, int(np.rint(x)), int(np.rint(y)))
            if count and row + column == 0:
                px, py = tried[0, 0], tried[0, 1]
            count = _add(tried, count, px, py)
            certain = count
            count = _add(tried, count, 0, 0)
            if column:
                count = _add(tried, count, whole[0, row, column - 1], whole[1, row, column - 1])
            if row:
                count = _add(tried, count, whole[0, row - 1, column], whole[1, row - 1, column])
            if row and column + 1 < columns:
                count = _add(tried, count, whole[0, row - 1, column + 1], whole[1, row - 1, column + 1])
            corners = corner(row, cell[0]), corner(column, cell[1])
            x, y, least = _best(here, there, size, corners, 0, 0, -1, px, py, tried, certain, count, price, good, steps)
            whole[0, row, column], whole[1, row, column], error[row, column] = x, y, least
    # Backwards, so that what was found right of a cell or below reaches it too.
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            if error[row, column] <= good:
                continue
            left, right = max(column - 1, 0), min(column + 1, columns - 1)
            above, below = max(row - 1, 0), min(row + 1, rows - 1)
            px = _middle(whole[0, row, left], whole[0, row, right], whole[0, above, column], whole[0, below, column])
            py = _middle(whole[1, row, left], whole[1, row, right], whole[1, above, column], whole[1, below, column])
            count = _add(tried, 0, whole[0, row, right], whole[1, row, right])
            count = _add(tried, count, whole[0, below, column], whole[1, below, column])
            count = _add(tried, count, px, py)
            corners = corner(row, cell[0]), corner(column, cell[1])
            x, y, least = whole[0, row, column], whole[1, row, column], error[row, column]
            x, y, least = _best(
                here, there, size, corners, x, y, least, px, py, tried, count, count, price, good, steps
            )
            whole[0, row, column], whole[1, row, column], error[row, column] = x, y, least


@numba.njit(cache=True, nogil=True)
def _add(tried: NDArray[np.int32], count: int, x: int, y: int) -> int:
    """Append a vector to ``tried`` unless it is there; return how many there are."""
    for i in range(count):
        if tried[i, 0] == x and tried[i, 1] == y:
            return count
    tried[count, 0], tried[count, 1] = x, y
    return count + 1


@numba.njit(cache=True, nogil=True, forceinline=True)
def _best(
    here: NDArray[np.uint8],
    there: NDArray[np.uint8],
    size: tuple[int, int],
    window: tuple[int, int],
    x: int,
    y: int,
    least: int,
    px: int,
    py: int,
    tried: NDArray[np.int32],
    certain: int,
    count: int,
    price: float,
    good: int,
    steps: int,
) -> tuple[int, int, int]:
    """Return the best vector for the window with this first row and column, and its difference.

    Tried are x, y, whose difference is ``least`` (-1: there is none yet), and the first ``count`` of ``tried``. Those
    after the first ``certain`` and the steps around the best are spared where a good match is found already.
    """
    height, width = size
    top, left = window
    at = top * width + left
    lowest_x, highest_x, lowest_y, highest_y = -left, width - WINDOW - left, -top, height - WINDOW - top
    fresh, was_x, was_y = least < 0, x, y
    best = np.float32(np.inf)
    if not fresh:
        best = np.float32(least + price * (abs(x - px) + abs(y - py)))
    for i in range(count):
        if i == certain and least <= good:
            break
        vx, vy = min(max(tried[i, 0], lowest_x), highest_x), min(max(tried[i, 1], lowest_y), highest_y)
        if vx == x and vy == y and least >= 0:
            continue
        apart = difference(here, there, width, at, at + vy * width + vx)
        cost = np.float32(apart + price * (abs(vx - px) + abs(vy - py)))
        if cost < best:
            best, x, y, least = cost, vx, vy, apart
    if not fresh and x == was_x and y == was_y:
        return x, y, least
    came_x, came_y = x, y  # where the last step started: not tried again
    for _ in range(steps):
        if least <= good:
            break
        from_x, from_y = x, y
        for side in range(4):
            vx = from_x + (1 if side == 0 else -1 if side == 1 else 0)
            vy = from_y + (1 if side == 2 else -1 if side == 3 else 0)
            outside = vx < lowest_x or vx > highest_x or vy < lowest_y or vy > highest_y
            if outside or (vx == came_x and vy == came_y):
                continue
            apart = difference(here, there, width, at, at + vy * width + vx)
            cost = np.float32(apart + price * (abs(vx - px) + abs(vy - py)))
            if cost < best:
                best, x, y, least = cost, vx, vy, apart
        if x == from_x and y == from_y:
            break
        came_x, came_y = from_x, from_y
    return x, y, least


@numba.njit(cache=True, nogil=True)
def corner(index: int, cell: float) -> int:
    """Return the first pixel, along one axis, of the window around a cell's centre; margins included."""
    return int((index + 0.5) * cell) - WINDOW // 2 + MARGIN


@numba.njit(cache=True, nogil=True)
def _median(a: int, b: int, c: int) -> int:
    return max(min(a, b), min(max(a, b), c))


@numba.njit(cache=True, nogil=True)
def _middle(a: int, b: int, c: int, d: int) -> int:
    """Return the mean of the two middle ones of four, rounded down."""
    return (a + b + c + d - max(max(a, b), max(c, d)) - min(min(a, b), min(c, d))) // 2
