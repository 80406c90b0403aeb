"""The kernels behind ``geometry`` on the CPU: sampling where no gradient is wanted, and following paths."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["advance", "sample"]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sample(maps: NDArray[np.float32], offsets: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Sample ``maps`` (channels, h, w) at ``index + offsets * (w, h)``, border padded, into ``out``.

    ``offsets`` is (2, h, w). Positions and weights are worked out once a row for all channels. The same formula as in
    torch: zero offsets give the map itself, bit for bit.
    """
    channels, height, width = maps.shape
    top_left = np.empty(width, np.int32)
    right = np.empty(width, np.int32)
    below = np.empty(width, np.int32)
    fx = np.empty(width, np.float32)
    fy = np.empty(width, np.float32)
    flat = maps.reshape(channels, height * width)
    for row in range(height):
        for column in range(width):
            x = np.float32(column) + offsets[0, row, column] * np.float32(width)
            y = np.float32(row) + offsets[1, row, column] * np.float32(height)
            # Asked this way round, a NaN is 0 and reads no memory that is not there.
            x = min(x, np.float32(width - 1)) if x > 0 else np.float32(0)
            y = min(y, np.float32(height - 1)) if y > 0 else np.float32(0)
            x0, y0 = np.int32(x), np.int32(y)
            fx[column], fy[column] = x - np.float32(x0), y - np.float32(y0)
            top_left[column] = y0 * width + x0
            right[column] = 1 if x0 + 1 < width else 0
            below[column] = width if y0 + 1 < height else 0
        for channel in range(channels):
            source = flat[channel]
            for column in range(width):
                at = top_left[column]
                under = at + below[column]
                a, b = source[at], source[at + right[column]]
                c, d = source[under], source[under + right[column]]
                upper = a + fx[column] * (b - a)
                lower = c + fx[column] * (d - c)
                out[channel, row, column] = upper + fy[column] * (lower - upper)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def advance(
    points: NDArray[np.float32],
    confidence: NDArray[np.float32],
    offsets: NDArray[np.float32],
    certainty: NDArray[np.float32],
) -> None:
    """Move ``points`` (2, h, w), fractions of the frame, by the offset of the cell that each lies in; in place.

    ``offsets`` (2, rows, columns) and ``certainty`` (rows, columns) are a field's. ``confidence`` (h, w) becomes the
    lesser of its own and the cell's, and zero where a point lies outside the frame; the border's motion continues
    there.
    """
    rows, columns = certainty.shape
    for i in range(points.shape[1]):
        for j in range(points.shape[2]):
            x, y = points[0, i, j], points[1, i, j]
            # Asked this way round, a NaN is 0 and reads no memory that is not there.
            column = int(min(x * columns, np.float64(columns - 1))) if x > 0 else 0
            row = int(min(y * rows, np.float64(rows - 1))) if y > 0 else 0
            points[0, i, j] = x + offsets[0, row, column]
            points[1, i, j] = y + offsets[1, row, column]
            inside = 0 <= x <= 1 and 0 <= y <= 1
            confidence[i, j] = min(confidence[i, j], certainty[row, column]) if inside else 0
