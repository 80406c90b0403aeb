"""How two pictures differ along a motion."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.motion.planes import MARGIN, Plane
from warpseg.motion.window import WINDOW, difference

__all__ = ["DOUBTFUL", "belief", "differences"]

DOUBTFUL = 8.0  # grey levels of difference at which confidence is one half


def differences(plane: Plane, other: Plane, offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean luma difference (h, w), grey levels, of the windows around each cell and where it leads.

    ``offsets`` (2, h, w) are fractions of the frame; the grid may be any.
    """
    out = np.empty(offsets.shape[1:], np.float32)
    size = (plane.size[0] / plane.factor, plane.size[1] / plane.factor)
    _differences(plane.pixels, other.pixels, size, offsets, out)
    return out


def belief(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return confidence in [0, 1] by the difference of two pictures, grey levels."""
    return (1 / (1 + (difference / DOUBTFUL) ** 2)).astype(np.float32)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _differences(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    size: tuple[float, float],
    offsets: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    height, width = plane.shape
    here, there = plane.reshape(-1), other.reshape(-1)
    rows, columns = out.shape
    lefts = np.empty(columns, np.int32)
    for column in range(columns):
        lefts[column] = int((column + 0.5) * size[1] / columns) - WINDOW // 2 + MARGIN
    ends = np.empty(columns, np.int64)
    zero, last_x, last_y = np.int32(0), np.int32(width - WINDOW), np.int32(height - WINDOW)
    for row in range(rows):
        top = int((row + 0.5) * size[0] / rows) - WINDOW // 2 + MARGIN
        for column in range(columns):  # apart from the windows, so that it becomes vector instructions
            x = lefts[column] + np.int32(np.rint(offsets[0, row, column] * size[1]))
            y = np.int32(top) + np.int32(np.rint(offsets[1, row, column] * size[0]))
            ends[column] = min(max(y, zero), last_y) * np.int32(width) + min(max(x, zero), last_x)
        for column in range(columns):
            apart = difference(here, there, width, top * width + lefts[column], ends[column])
            out[row, column] = apart / np.float32(WINDOW * WINDOW)
