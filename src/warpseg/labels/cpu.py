"""Labels on the CPU: only cells that a class boundary crosses are interpolated (design.md, section 1).

A *cell* is the block of output pixels that share four source scores, its *corners*. torch interpolates such a pixel as a
chain of roundings of products with weights in [0, 1], and rounding is monotone, so two statements hold bit for bit:

- a class at least as high as another at all four corners is at least as high at every pixel in between;
- if it is higher by more than twice the rounding error of the chain, it is strictly higher at every pixel.

The first settles which classes a cell needs, the second most cells at once. What remains is evaluated with exactly
torch's operations, fused multiply-adds included, so the result is the reference's, near-ties and all.
"""

import math
import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from llvmlite import ir
from numba import njit, types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

_LANES = 16  # pixels evaluated at once: a constant trip count becomes one vector without a remainder loop
_BLOCK = 4  # rows of cells a thread takes at a time: blocks are dealt out in turn, as boundaries crowd in some rows
_MARGIN = np.float32(8 * 2.0**-23)  # two chains of four roundings err by 2 * 4 * 2**-24 of the largest corner: 8 times that
_TINY = np.float32(1e-43)  # the same where the scores are so small that rounding errors are absolute
_ZERO = np.float32(0)
_PIXELS_PER_THREAD = 1 << 16  # below this, waking a second thread costs more than it saves


class _Axis(NamedTuple):
    """Cells and weights along one axis of a given source and target length."""

    first: NDArray[np.int64]  # (source + 1,) first target index of every cell, then the target length
    far: NDArray[np.int64]  # (source,) source index of a cell's second corner; the first is the cell's own
    near_weight: NDArray[np.float32]  # (target + lanes,) zero past the end, so that a whole vector can be read
    far_weight: NDArray[np.float32]


@lru_cache(maxsize=64)
def _axis(source: int, target: int, fused: bool) -> _Axis:
    """Lay out the cells of one axis with torch's own index arithmetic, in float32."""
    if source == target:
        near = np.arange(target)
        far = near
        far_weight = np.zeros(target, np.float32)
    else:
        scale = np.float32(source) / np.float32(target)
        centre = np.arange(target).astype(np.float32) + np.float32(0.5)
        if fused:
            position = (np.float64(scale) * centre.astype(np.float64) - 0.5).astype(np.float32)
        else:
            position = scale * centre - np.float32(0.5)
        position = np.maximum(position, _ZERO)
        near = np.minimum(position.astype(np.int64), source - 1)
        far = np.minimum(near + 1, source - 1)
        far_weight = np.clip(position - near.astype(np.float32), _ZERO, np.float32(1))
    first = np.searchsorted(near, np.arange(source + 1))
    cells = np.arange(source)
    beyond = np.zeros(_LANES, np.float32)
    return _Axis(
        first=first,
        far=cells if source == target else np.minimum(cells + 1, source - 1),
        near_weight=np.concatenate([np.float32(1) - far_weight, beyond]),
        far_weight=np.concatenate([far_weight, beyond]),
    )


@intrinsic
def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once, as torch's kernels compute it."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Signature, args: Any) -> Any:
        return builder.fma(*args)

    return types.float32(types.float32, types.float32, types.float32), codegen


@njit(cache=True, nogil=True)
def _scan_row(scores, y, best, gap, winner):
    """Find the winner of every source score of a row, its score and its lead; False if one is infinite or not a number."""
    classes, _, width = scores.shape
    spoilt = np.zeros(width, np.float32)
    for x in range(width):
        value = scores[0, y, x]
        spoilt[x] = value * _ZERO
        best[x] = value
        gap[x] = -np.inf
        winner[x] = 0
    for c in range(1, classes):
        for x in range(width):
            value = scores[c, y, x]
            spoilt[x] += value * _ZERO
            lower = min(value, best[x])
            gap[x] = max(gap[x], lower)
            winner[x] = c if value > best[x] else winner[x]
            best[x] = max(value, best[x])
    clean = True
    for x in range(width):
        gap[x] = best[x] - gap[x]
        clean &= spoilt[x] == _ZERO
    return clean


@njit(cache=True, nogil=True)
def _candidates(corners, winners, alive, chosen):
    """Collect the classes that can be the first maximum somewhere in the cell, in ascending order."""
    classes = corners.shape[1]
    for c in range(classes):
        alive[c] = True
    for k in range(4):
        p = winners[k]
        if not alive[p]:
            continue
        a, b, c, d = corners[0, p], corners[1, p], corners[2, p], corners[3, p]
        for q in range(p + 1, classes):
            alive[q] &= not (
                (corners[0, q] <= a) & (corners[1, q] <= b) & (corners[2, q] <= c) & (corners[3, q] <= d)
            )
        # A class before p wins ties against it, so p has to be ahead by more than rounding.
        margin = _MARGIN * max(max(abs(a), abs(b)), max(abs(c), abs(d))) + _TINY
        a, b, c, d = a - margin, b - margin, c - margin, d - margin
        for q in range(p):
            alive[q] &= not (
                (corners[0, q] < a) & (corners[1, q] < b) & (corners[2, q] < c) & (corners[3, q] < d)
            )
    count = 0
    for c in range(classes):
        if alive[c]:
            chosen[count] = c
            count += 1
    return count


@njit(cache=True, nogil=True)
def _evaluate(out, rows, columns, corners, chosen, count, h0, h1, w0, w1, top, bottom, best, label):
    """Interpolate the chosen classes of one cell along x, then y, and write the first maximum of every pixel."""
    for left in range(columns[0], columns[1], _LANES):
        width = min(_LANES, columns[1] - left)
        for k in range(count):
            a, b, c, d = corners[0, chosen[k]], corners[1, chosen[k]], corners[2, chosen[k]], corners[3, chosen[k]]
            for i in range(_LANES):
                top[k, i] = _fma(w0[left + i], a, w1[left + i] * b)
                bottom[k, i] = _fma(w0[left + i], c, w1[left + i] * d)
        for y in range(rows[0], rows[1]):
            near, far = h0[y], h1[y]
            for i in range(_LANES):
                best[i] = _fma(near, top[0, i], far * bottom[0, i])
                label[i] = chosen[0]
            for k in range(1, count):
                name = chosen[k]
                for i in range(_LANES):
                    value = _fma(near, top[k, i], far * bottom[k, i])
                    label[i] = name if value > best[i] else label[i]
                    best[i] = max(value, best[i])
            if width == _LANES:
                for i in range(_LANES):
                    out[y, left + i] = label[i]
            else:
                for i in range(width):
                    out[y, left + i] = label[i]


@njit(cache=True, nogil=True)
def _label_blocks(scores, out, part, parts, row_first, row_far, h0, h1, col_first, col_far, w0, w1):
    """Label every parts-th block of cell rows, beginning with block part; False if a score is not finite."""
    classes, height, width = scores.shape
    best = np.empty((2, width), np.float32)
    gap = np.empty((2, width), np.float32)
    winner = np.empty((2, width), np.int32)
    line = np.empty(out.shape[1], out.dtype)
    undecided = np.empty(width, np.int32)
    corners = np.empty((4, classes), np.float32)
    winners = np.empty(4, np.int32)
    alive = np.empty(classes, np.bool_)
    chosen = np.empty(classes, np.int32)
    top = np.empty((classes, _LANES), np.float32)
    bottom = np.empty((classes, _LANES), np.float32)
    value = np.empty(_LANES, np.float32)
    label = np.empty(_LANES, np.int32)
    for start in range(part * _BLOCK, height, parts * _BLOCK):
        scanned = -1
        for y in range(start, min(start + _BLOCK, height)):
            y1 = row_far[y]
            for source in (y, y1):
                if source > scanned:
                    odd = source & 1
                    if not _scan_row(scores, source, best[odd], gap[odd], winner[odd]):
                        return False
                    scanned = source
            near, far = y & 1, y1 & 1
            pending = 0
            for x in range(width):
                x1 = col_far[x]
                name = winner[near, x]
                same = (winner[near, x1] == name) & (winner[far, x] == name) & (winner[far, x1] == name)
                lead = min(min(gap[near, x], gap[near, x1]), min(gap[far, x], gap[far, x1]))
                scale = max(
                    max(abs(best[near, x]), abs(best[near, x1])), max(abs(best[far, x]), abs(best[far, x1]))
                )
                if not (same and lead > _MARGIN * scale + _TINY):
                    undecided[pending] = x
                    pending += 1
                for i in range(col_first[x], col_first[x + 1]):
                    line[i] = name
            for row in range(row_first[y], row_first[y + 1]):
                out[row] = line
            for n in range(pending):
                x = undecided[n]
                x1 = col_far[x]
                for c in range(classes):
                    corners[0, c] = scores[c, y, x]
                    corners[1, c] = scores[c, y, x1]
                    corners[2, c] = scores[c, y1, x]
                    corners[3, c] = scores[c, y1, x1]
                winners[0] = winner[near, x]
                winners[1] = winner[near, x1]
                winners[2] = winner[far, x]
                winners[3] = winner[far, x1]
                count = _candidates(corners, winners, alive, chosen)
                rows = (row_first[y], row_first[y + 1])
                columns = (col_first[x], col_first[x + 1])
                _evaluate(
                    out, rows, columns, corners, chosen, count, h0, h1, w0, w1, top, bottom, value, label
                )
    return True
