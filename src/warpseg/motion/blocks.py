"""Kernels over block vectors: how well a reference explains each block, blocks to grid, holes filled."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["fill", "match_error", "paint", "shrink"]

Array = NDArray[np.float32]


@numba.njit(cache=True, nogil=True, fastmath=True)
def match_error(current: NDArray[np.uint8], reference: NDArray[np.uint8], blocks: Array, side: int, out: Array) -> None:
    """Write into ``out`` (n) the mean absolute luma difference of each block of ``blocks`` (n, 7) that points to
    ``side`` (-1, 1).

    A block is x, y (centre), w, h, dx, dy in pixels and its side. Sixteen samples a block, at whole pixels: enough to
    tell references apart, which is all it is for. Blocks of the other side keep their value.
    """
    height, width = current.shape
    for i in range(len(blocks)):
        if blocks[i, 6] != side:
            continue
        w, h = blocks[i, 2], blocks[i, 3]
        left, top = blocks[i, 0] - w / 2, blocks[i, 1] - h / 2
        dx, dy = int(np.rint(blocks[i, 4])), int(np.rint(blocks[i, 5]))
        total = 0.0
        for row in range(4):
            y = min(max(int(top + (row + 0.5) * h / 4), 0), height - 1)
            y_reference = min(max(y + dy, 0), height - 1)
            for column in range(4):
                x = min(max(int(left + (column + 0.5) * w / 4), 0), width - 1)
                x_reference = min(max(x + dx, 0), width - 1)
                total += abs(np.int32(current[y, x]) - np.int32(reference[y_reference, x_reference]))
        out[i] = total / 16


@numba.njit(cache=True, nogil=True)
def paint(blocks: Array, scale: Array, weight: Array, size: tuple[int, int], out: Array) -> None:
    """Add each block's motion, times ``scale`` (n) and ``weight`` (n), to the cells it covers; ``out`` (3, h, w) sums
    dx, dy and weights.

    ``size`` is the coded picture's; cells are its even division, motion is written as a fraction of it. A cell
    belongs to the block under its centre.
    """
    rows, columns = out.shape[1:]
    cell_h, cell_w = size[0] / rows, size[1] / columns
    for i in range(len(blocks)):
        if weight[i] <= 0:
            continue
        x, y, w, h = blocks[i, 0], blocks[i, 1], blocks[i, 2], blocks[i, 3]
        first_row = max(int(np.ceil((y - h / 2) / cell_h - 0.5)), 0)
        last_row = min(int(np.ceil((y + h / 2) / cell_h - 0.5)), rows)
        first_column = max(int(np.ceil((x - w / 2) / cell_w - 0.5)), 0)
        last_column = min(int(np.ceil((x + w / 2) / cell_w - 0.5)), columns)
        dx = blocks[i, 4] * scale[i] * weight[i] / size[1]
        dy = blocks[i, 5] * scale[i] * weight[i] / size[0]
        for row in range(first_row, last_row):
            for column in range(first_column, last_column):
                out[0, row, column] += dx
                out[1, row, column] += dy
                out[2, row, column] += weight[i]


@numba.njit(cache=True, nogil=True)
def fill(offsets: Array, known: NDArray[np.bool_]) -> None:
    """Give cells that are not ``known`` (h, w) the mean of their known neighbours, ring by ring inwards; in place."""
    rows, columns = known.shape
    pending = np.empty((rows * columns, 2), np.int32)
    count = 0
    for row in range(rows):
        for column in range(columns):
            if not known[row, column]:
                pending[count, 0], pending[count, 1] = row, column
                count += 1
    if count == rows * columns:
        offsets[:] = 0
        return
    state = known.astype(np.uint8)  # 2: filled in this ring, so not yet a neighbour to fill from
    while count:
        left = 0
        for k in range(count):
            row, column = pending[k, 0], pending[k, 1]
            dx = dy = 0.0
            neighbours = 0
            for y in range(max(row - 1, 0), min(row + 2, rows)):
                for x in range(max(column - 1, 0), min(column + 2, columns)):
                    if state[y, x] == 1:
                        dx += offsets[0, y, x]
                        dy += offsets[1, y, x]
                        neighbours += 1
            if neighbours:
                offsets[0, row, column] = dx / neighbours
                offsets[1, row, column] = dy / neighbours
                state[row, column] = 2
            else:
                pending[left, 0], pending[left, 1] = row, column
                left += 1
        for row in range(rows):
            for column in range(columns):
                state[row, column] = min(state[row, column], 1)
        count = left


@numba.njit(cache=True, nogil=True)
def shrink(luma: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return ``luma`` at 1/factor of its size, each pixel the mean of factor x factor.

    A remainder at the far edges is left out.
    """
    rows, columns = luma.shape[0] // factor, luma.shape[1] // factor
    out = np.empty((rows, columns), np.uint8)
    half = factor * factor // 2
    for row in range(rows):
        for column in range(columns):
            total = half
            for y in range(row * factor, row * factor + factor):
                for x in range(column * factor, column * factor + factor):
                    total += luma[y, x]
            out[row, column] = total // (factor * factor)
    return out
