"""Geometry kernels for the CPU: sampling, blending and following paths, without gradients."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel

__all__ = ["LANES", "advance", "blend", "inside", "sample"]


LANES = 16  # channels that are sampled together: one register of AVX-512, two of AVX2


@kernel(error_model="numpy")
def sample(maps: NDArray[np.float32], offsets: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Sample ``maps`` (channels, h, w) at ``index + offsets * (w, h)``, border padded, into ``out``.

    ``offsets`` is (2, h, w). Positions and weights are worked out once per row for all channels. The same formula as in
    torch: zero offsets give the map itself, bit for bit.
    """
    channels, height, width = maps.shape
    at, right, below = np.empty(width, np.uintp), np.empty(width, np.uintp), np.empty(width, np.uintp)
    fx, fy = np.empty(width, np.float32), np.empty(width, np.float32)
    flat = maps.reshape(channels, height * width)
    for row in range(height):
        _corners(offsets, row, 1, at, right, below, fx, fy)
        for channel in range(channels):
            source = flat[channel]
            for column in range(width):
                here = at[column]
                under = here + below[column]
                a, b = source[here], source[here + right[column]]
                c, d = source[under], source[under + right[column]]
                upper = a + fx[column] * (b - a)
                lower = c + fx[column] * (d - c)
                out[channel, row, column] = upper + fy[column] * (lower - upper)


@kernel(error_model="numpy")
def blend(
    first: NDArray[np.float32],
    to_first: NDArray[np.float32],
    second: NDArray[np.float32],
    to_second: NDArray[np.float32],
    share: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Sample two maps and average them, ``share`` (h, w) of the first, into ``out`` (channels, h, w); in one pass.

    The maps are flat, their cells' channels side by side and padded to a multiple of ``LANES``, so that a corner is one
    load for all of them. Sampled as ``sample`` does; averaged as ``torch.lerp`` does: shares of 0 and 1 give either
    exactly, and equal values come back.
    """
    channels, height, width = out.shape
    padded = len(first) // (height * width)
    a, a_right, a_below = np.empty(width, np.uintp), np.empty(width, np.uintp), np.empty(width, np.uintp)
    b, b_right, b_below = np.empty(width, np.uintp), np.empty(width, np.uintp), np.empty(width, np.uintp)
    ax, ay = np.empty(width, np.float32), np.empty(width, np.float32)
    bx, by = np.empty(width, np.float32), np.empty(width, np.float32)
    found = np.empty((width, LANES), np.float32)
    half, one = np.float32(0.5), np.float32(1)
    for row in range(height):
        _corners(to_first, row, padded, a, a_right, a_below, ax, ay)
        _corners(to_second, row, padded, b, b_right, b_below, bx, by)
        for lane in range(np.uintp(0), np.uintp(padded), np.uintp(LANES)):
            for column in range(width):
                p, q = a[column] + lane, b[column] + lane
                p_right, p_below, q_right, q_below = a_right[column], a_below[column], b_right[column], b_below[column]
                px, py, qx, qy, weight = ax[column], ay[column], bx[column], by[column], share[row, column]
                for k in range(np.uintp(LANES)):  # becomes vector instructions: positions must be unsigned
                    upper = first[p + k] + px * (first[p + p_right + k] - first[p + k])
                    under = p + p_below + k
                    lower = first[under] + px * (first[under + p_right] - first[under])
                    x = upper + py * (lower - upper)
                    upper = second[q + k] + qx * (second[q + q_right + k] - second[q + k])
                    under = q + q_below + k
                    lower = second[under] + qx * (second[under + q_right] - second[under])
                    y = upper + qy * (lower - upper)
                    found[column, k] = y + weight * (x - y) if weight < half else x - (x - y) * (one - weight)
            for k in range(min(np.uintp(LANES), np.uintp(channels) - lane)):
                for column in range(width):
                    out[lane + k, row, column] = found[column, k]


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _corners(
    offsets: NDArray[np.float32],
    row: int,
    step: int,
    at: NDArray[np.uintp],
    right: NDArray[np.uintp],
    below: NDArray[np.uintp],
    fx: NDArray[np.float32],
    fy: NDArray[np.float32],
) -> None:
    """Write, for each cell of a row, where its sample's first corner is, the steps to the others, and the fractions.

    ``step`` is what lies between two cells of the map.
    """
    _, height, width = offsets.shape
    for column in range(width):
        x = np.float32(column) + offsets[0, row, column] * np.float32(width)
        y = np.float32(row) + offsets[1, row, column] * np.float32(height)
        # Asked this way round, a NaN is 0 and reads no memory that is not there.
        x = min(x, np.float32(width - 1)) if x > 0 else np.float32(0)
        y = min(y, np.float32(height - 1)) if y > 0 else np.float32(0)
        x0, y0 = np.int32(x), np.int32(y)
        fx[column], fy[column] = x - np.float32(x0), y - np.float32(y0)
        at[column] = np.uintp((y0 * width + x0) * step)
        right[column] = np.uintp(step if x0 + 1 < width else 0)
        below[column] = np.uintp(width * step if y0 + 1 < height else 0)


@kernel(error_model="numpy")
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
    height, width = confidence.shape
    across, down, known = offsets[0].reshape(-1), offsets[1].reshape(-1), certainty.reshape(-1)
    zero, one, last_column, last_row = np.float32(0), np.float32(1), np.float32(columns - 1), np.float32(rows - 1)
    cell = np.empty(width, np.uintp)
    for i in range(height):
        x, y, sure = points[0, i], points[1, i], confidence[i]
        for j in range(width):  # without reading the field, so that it becomes vector instructions
            # Asked this way round, a NaN is 0 and reads no memory that is not there.
            column = min(x[j] * np.float32(columns), last_column) if x[j] > zero else zero
            row = min(y[j] * np.float32(rows), last_row) if y[j] > zero else zero
            cell[j] = np.uintp(np.int32(row) * np.int32(columns) + np.int32(column))
            inside = (x[j] >= zero) & (x[j] <= one) & (y[j] >= zero) & (y[j] <= one)
            sure[j] = sure[j] if inside else zero
        for j in range(width):
            x[j] += across[cell[j]]
            y[j] += down[cell[j]]
            sure[j] = min(sure[j], known[cell[j]])


@kernel(error_model="numpy")
def inside(offsets: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write 1 to ``out`` (h, w) where the centre of a cell plus its offset lies in the frame, else 0."""
    zero, half, one = np.float32(0), np.float32(0.5), np.float32(1)
    height, width = out.shape
    for row in range(height):
        middle = (np.float32(row) + half) / np.float32(height)
        for column in range(width):
            x = (np.float32(column) + half) / np.float32(width) + offsets[0, row, column]
            y = middle + offsets[1, row, column]
            out[row, column] = one if (x >= zero) & (x <= one) & (y >= zero) & (y <= one) else zero
