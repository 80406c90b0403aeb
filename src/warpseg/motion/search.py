"""Predictive block search: the vector of each cell, found among what others suggest and a few steps around it.

Good predictions make a search cheap and its result smooth: what the codec's vectors, a coarser level, the frame before
and the cells around suggest is tried first, and most cells need little else. The candidate wins whose window differs
least, with a small price on leaving the cells around (as encoders charge for the bits of a vector).
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import WINDOW, difference

__all__ = ["Vectors", "corner", "search"]

Offsets = NDArray[np.float32]
_Pictures: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8], int]  # flat, and the bytes of a row
_Best: TypeAlias = tuple[int, int, int, int]  # cost, difference of the windows, x, y

_PRICE = 3  # of a pixel's step away from the neighbours' vector, in grey levels summed over a window
_GOOD = 64  # summed difference with which a cell is content: a grey level a pixel
_STEPS = 2  # of a pixel each, in search of less difference, from the best prediction


class Vectors:
    """Where the windows of one plane are found in another."""

    def __init__(self, grid: tuple[int, int]) -> None:
        self.whole = np.zeros((2, *grid), np.int64)  # x, y in whole pixels of the plane
        self.error = np.zeros(grid, np.int64)  # summed luma difference of the windows


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
    price: int,
    good: int,
    steps: int,
    whole: NDArray[np.int64],
    error: NDArray[np.int64],
) -> None:
    rows, columns = error.shape
    height, width = plane.shape
    pictures = plane.reshape(-1), other.reshape(-1), width
    zero, much = int(np.int64(0)), int(np.int64(1 << 30))  # literals are types: all would be compiled for them anew
    nothing = (much, much, zero, zero)
    # The first cell has no neighbours: its first seed stands for them, near enough for its price to be a number.
    for k in range(len(seeds) - 1, -1, -1):
        if seeds[k, 0, 0, 0] == seeds[k, 0, 0, 0]:
            whole[0, 0, 0] = min(max(int(np.rint(seeds[k, 0, 0, 0])), -width), width)
            whole[1, 0, 0] = min(max(int(np.rint(seeds[k, 1, 0, 0])), -height), height)
    for row in range(rows):
        top = corner(row, cell[0])
        above = max(row - 1, 0)
        for column in range(columns):
            left = corner(column, cell[1])
            room = _room(plane.shape, top, left)
            at = top * width + left
            before = max(column - 1, 0)
            after = column + 1 if column + 1 < columns else before
            lx, ly = whole[0, row, before], whole[1, row, before]
            ax, ay = whole[0, above, column], whole[1, above, column]
            cx, cy = whole[0, above, after], whole[1, above, after]
            if row == 0:  # nothing above: what is left stands for it, and the other way round
                ax, ay, cx, cy = lx, ly, lx, ly
            elif column == 0:
                lx, ly = ax, ay
            # Prediction: the median of the cells left, above and above right, as in H.264.
            px, py = _median(lx, ax, cx), _median(ly, ay, cy)
            best = nothing
            for k in range(len(seeds)):
                sx, sy = seeds[k, 0, row, column], seeds[k, 1, row, column]
                if sx == sx:
                    x, y = int(np.rint(sx)), int(np.rint(sy))
                    best = _better(pictures, at, room, x, y, px, py, price, best)
            best = _better(pictures, at, room, px, py, px, py, price, best)
            if best[1] > good:
                for x, y in ((zero, zero), (lx, ly), (ax, ay), (cx, cy)):
                    best = _better(pictures, at, room, x, y, px, py, price, best)
                best = _around(pictures, at, room, px, py, price, good, steps, best)
            _, error[row, column], whole[0, row, column], whole[1, row, column] = best
    # Backwards, so that what was found right of a cell or below reaches it too.
    for row in range(rows - 1, -1, -1):
        top = corner(row, cell[0])
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        for column in range(columns - 1, -1, -1):
            if error[row, column] <= good:
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
            room = _room(plane.shape, top, left)
            at = top * width + left
            best = error[row, column] + price * (abs(x - px) + abs(y - py)), error[row, column], x, y
            for vx, vy in ((rx, ry), (bx, by), (px, py)):
                best = _better(pictures, at, room, vx, vy, px, py, price, best)
            if best[2] != x or best[3] != y:
                best = _around(pictures, at, room, px, py, price, good, steps, best)
                _, error[row, column], whole[0, row, column], whole[1, row, column] = best


@numba.njit(cache=True, nogil=True)
def _around(
    pictures: _Pictures,
    at: int,
    room: tuple[int, int, int, int],
    px: int,
    py: int,
    price: int,
    good: int,
    steps: int,
    best: _Best,
) -> _Best:
    """Move, ``steps`` times at most, to the best of the vectors around; stop where it is good or none is better."""
    for _ in range(steps):
        x, y = best[2], best[3]
        if best[1] <= good:
            break
        for side in range(4):
            dx, dy = (side == 0) - (side == 1), (side == 2) - (side == 3)
            best = _better(pictures, at, room, x + dx, y + dy, px, py, price, best)
        if best[2] == x and best[3] == y:
            break
    return best


@numba.njit(cache=True, nogil=True)
def _better(
    pictures: _Pictures,
    at: int,
    room: tuple[int, int, int, int],
    x: int,
    y: int,
    px: int,
    py: int,
    price: int,
    best: _Best,
) -> _Best:
    """Return the better of ``best`` and the vector x, y, brought into ``room``, of the window at ``at``.

    Chosen without a branch, which would often be mispredicted: that costs as much as comparing two windows.
    """
    here, there, width = pictures
    x, y = min(max(x, room[0]), room[1]), min(max(y, room[2]), room[3])
    apart = int(difference(here, there, width, at, at + y * width + x))
    cost = apart + price * (abs(x - px) + abs(y - py))
    won = cost < best[0]
    return (
        cost if won else best[0],
        apart if won else best[1],
        x if won else best[2],
        y if won else best[3],
    )


@numba.njit(cache=True, nogil=True)
def _room(shape: tuple[int, int], top: int, left: int) -> tuple[int, int, int, int]:
    """Return the least and the most x, and y, that a window at this place may move within a picture."""
    return -left, shape[1] - WINDOW - left, -top, shape[0] - WINDOW - top


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
