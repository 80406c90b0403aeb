"""CPU kernel of labels: interpolates only the cells that a class boundary crosses.

A *cell* is the block of output pixels that share four source scores, its *corners*. torch interpolates such a pixel as
a chain of rounded products with weights in [0, 1], and rounding is monotone, so two statements hold bit for bit:

- a class at least as high as another at all four corners is at least as high at every pixel in between;
- if it is higher by more than twice the rounding error of the chain, it is strictly higher at every pixel.

The first tells which classes a cell needs, the second settles most cells at once. The remaining ones are evaluated with
exactly torch's operations, including fused multiply-adds, so that the result is the reference's even for near-ties.
torch has two orders of operations, found by comparing bits (2.15, AVX2 and AVX-512): along x, then y; or, mostly for
channels-last memory, the four weights first, where classes in whole vectors of eight are summed in another order than
the remaining ones.
"""
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# (numba ships no types, and infers those of its kernels itself)

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from warpseg.kernels import kernel

__all__ = ["BLOCK", "label_blocks"]

BLOCK = 4  # rows of cells per job: jobs take turns, because boundaries crowd in some rows
_PACK = 256  # pixels of boundary cells evaluated together: enough for vector instructions, few enough for the L1 cache
# Two chains of five roundings err by at most 10 * 2**-24 of the largest corner; this is more than six times that.
_MARGIN = np.float32(8 * 2.0**-23)
_TINY = np.float32(1e-43)  # the same for scores so small that rounding errors are absolute
_ZERO = np.float32(0)

# Without Python's division errors, which would put exception handling into every loop.
_kernel: Any = kernel(error_model="numpy")


def _type_fma(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """Define a * b + c, rounded once, for numba."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


_fma: Any = intrinsic(_type_fma)


@_kernel
def _scan_row(scores, y, best, gap, winner):
    """Find the best class of every source cell of a row, its score and its lead; return False if one is not finite."""
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
            value, previous, holder, second = scores[c, y, x], best[x], winner[x], gap[x]
            spoilt[x] += value * _ZERO
            lower = previous if value > previous else value
            gap[x] = lower if lower > second else second
            winner[x] = c if value > previous else holder
            best[x] = value if value > previous else previous
    clean = True
    for x in range(width):
        gap[x] = best[x] - gap[x]
        clean &= spoilt[x] == _ZERO
    return clean


@_kernel
def _candidates(corners, whole, winners, alive, chosen):
    """Collect the classes that can be the first maximum somewhere in the cell, in ascending order, and count them.

    Classes below ``whole`` are rounded in one way, the others in another, so that ties across the two are not exact.
    """
    classes = corners.shape[1]
    for c in range(classes):
        alive[c] = True
    for k in range(4):
        p = winners[k]
        a, b, c, d = corners[0, p], corners[1, p], corners[2, p], corners[3, p]
        end = whole if p < whole else classes  # of the classes rounded as p is
        for q in range(p + 1, end):
            beaten = (corners[0, q] <= a) & (corners[1, q] <= b) & (corners[2, q] <= c) & (corners[3, q] <= d)
            alive[q] &= not beaten
        # Ahead by more than rounding, p beats any class, even one that wins ties or is rounded in another way.
        margin = _MARGIN * max(max(abs(a), abs(b)), max(abs(c), abs(d))) + _TINY
        a, b, c, d = a - margin, b - margin, c - margin, d - margin
        for q in range(classes):
            beaten = (corners[0, q] < a) & (corners[1, q] < b) & (corners[2, q] < c) & (corners[3, q] < d)
            alive[q] &= not beaten
    count = 0
    for q in range(classes):
        chosen[count] = q  # written even if it does not stay, so that there is no branch to mispredict
        count += alive[q]
    return count


@_kernel
def _pack(scores, y, y1, x, x1, classes, w0, w1, top, bottom, names, at):
    """Interpolate a cell's upper and lower edge along x for ``classes``, into the buffers from column ``at`` on."""
    wide = w0.size
    for k in range(classes.size):
        c = classes[k]
        a, b, low_a, low_b = scores[c, y, x], scores[c, y, x1], scores[c, y1, x], scores[c, y1, x1]
        for i in range(wide):
            left, right = w0[i], w1[i]
            top[k, at + i] = _fma(left, a, right * b)
            bottom[k, at + i] = _fma(left, low_a, right * low_b)
        for i in range(wide):
            names[k, at + i] = c


@_kernel
def _evaluate(out, first, last, h0, h1, spans, cells, pixels, count, top, bottom, names, best, label, narrow):
    """Interpolate the packed pixels along y; write their first maxima to their spans of rows ``first`` to ``last``."""
    for y in range(first, last):
        near, far = h0[y], h1[y]
        for i in range(pixels):
            best[i] = _fma(near, top[0, i], far * bottom[0, i])
            label[i] = names[0, i]
        for k in range(1, count):
            for i in range(pixels):
                # Loaded before the choice, because LLVM does not vectorise a loop with a conditional load.
                value, previous = _fma(near, top[k, i], far * bottom[k, i]), best[i]
                name, holder = names[k, i], label[i]
                label[i] = name if value > previous else holder
                best[i] = value if value > previous else previous
        for i in range(pixels):
            narrow[i] = label[i]
        done = 0
        for n in range(cells):
            left, wide = spans[n, 0], spans[n, 1]
            for i in range(wide):
                out[y, left + i] = narrow[done + i]
            done += wide


@_kernel
def _evaluate_weights_first(out, first, last, left, right, scores, cell, whole, named, rows, columns, buffers):
    """Write the first maxima of a cell, summing the classes below ``whole`` in the order of torch's vectors."""
    y, y1, x, x1 = cell
    w00, w01, w10, w11, values, best, label = buffers
    wide = right - left
    for row in range(first, last):
        near, far = rows.w0[row], rows.w1[row]
        for i in range(wide):
            w0, w1 = columns.w0[left + i], columns.w1[left + i]
            w00[i], w01[i], w10[i], w11[i] = near * w0, near * w1, far * w0, far * w1
            best[i] = -np.inf
            label[i] = named[0]
        for c in named:
            a, b, low_a, low_b = scores[c, y, x], scores[c, y, x1], scores[c, y1, x], scores[c, y1, x1]
            if c < whole:
                for i in range(wide):
                    values[i] = _fma(w00[i], a, _fma(w01[i], b, _fma(w11[i], low_b, w10[i] * low_a)))
            else:
                for i in range(wide):
                    values[i] = _fma(w11[i], low_b, _fma(w10[i], low_a, _fma(w00[i], a, w01[i] * b)))
            for i in range(wide):
                value, previous, holder = values[i], best[i], label[i]
                label[i] = c if value > previous else holder
                best[i] = value if value > previous else previous
        for i in range(wide):
            out[row, left + i] = label[i]


@_kernel
def label_blocks(scores, out, part, parts, rows, columns, whole):
    """Label every ``parts``-th block of cell rows from block ``part`` on; return False if a score is not finite.

    ``scores`` is (C, h, w) float32, ``out`` (H, W), ``rows`` and ``columns`` an axis table each (``cpu._Axis``).
    ``whole`` is the number of classes in whole vectors if torch multiplies the weights first, else None; numba compiles
    the code of one case only.
    """
    classes, height, width = scores.shape
    if whole is None:  # noqa: SIM108 (numba prunes the branches of plain ifs only)
        rounded_first = classes
    else:
        rounded_first = whole if whole > 0 else classes
    best, gap = np.empty((2, width), np.float32), np.empty((2, width), np.float32)
    winner = np.empty((2, width), np.int32)
    line = np.empty(out.shape[1], out.dtype)
    corners, winners, alive = np.empty((4, classes), np.float32), np.empty(4, np.int32), np.empty(classes, np.bool_)
    open_cells, counts = np.empty(width + 1, np.int64), np.empty(width + 1, np.int64)
    chosen = np.empty((width + 1, classes + 1), np.int32)
    spans = np.empty((width, 2), np.int64)
    capacity = _PACK + columns.widest
    top, bottom = np.empty((classes, capacity), np.float32), np.empty((classes, capacity), np.float32)
    names = np.empty((classes, capacity), np.int32)
    weights = np.empty((5, capacity), np.float32)
    value, label, narrow = np.empty(capacity, np.float32), np.empty(capacity, np.int32), np.empty(capacity, out.dtype)
    for y in range(height):
        if (y // BLOCK) % parts != part:
            continue
        y1 = rows.far[y]
        near, far = y & 1, y1 & 1
        first, last = rows.first[y], rows.first[y + 1]
        # Within a block, the near row of these cells is the far row of those above, scanned already.
        for source in range(y if y % BLOCK == 0 or y1 == y else y1, y1 + 1):
            if not _scan_row(scores, source, best[source & 1], gap[source & 1], winner[source & 1]):
                return False
        pending, most = 0, 0
        for x in range(width):
            x1 = columns.far[x]
            name = winner[near, x]
            same = (winner[near, x1] == name) & (winner[far, x] == name) & (winner[far, x1] == name)
            lead = min(min(gap[near, x], gap[near, x1]), min(gap[far, x], gap[far, x1]))
            scale = max(max(abs(best[near, x]), abs(best[near, x1])), max(abs(best[far, x]), abs(best[far, x1])))
            if not (same and lead > _MARGIN * scale + _TINY):
                for c in range(classes):
                    corners[0, c], corners[1, c] = scores[c, y, x], scores[c, y, x1]
                    corners[2, c], corners[3, c] = scores[c, y1, x], scores[c, y1, x1]
                winners[0], winners[1] = name, winner[near, x1]
                winners[2], winners[3] = winner[far, x], winner[far, x1]
                counts[pending] = _candidates(corners, rounded_first, winners, alive, chosen[pending])
                name = chosen[pending, 0]
                open_cells[pending] = x
                most = max(most, counts[pending])
                pending += counts[pending] > 1
            for i in range(columns.first[x], columns.first[x + 1]):
                line[i] = name
        for row in range(first, last):
            for i in range(line.size):
                out[row, i] = line[i]
        if whole is not None:
            buffers = (weights[0], weights[1], weights[2], weights[3], weights[4], value, label)
            for n in range(pending):
                x = open_cells[n]
                left, right = columns.first[x], columns.first[x + 1]
                named = chosen[n, : counts[n]]
                cell = (y, y1, x, columns.far[x])
                _evaluate_weights_first(
                    out, first, last, left, right, scores, cell, whole, named, rows, columns, buffers
                )
            continue
        # Cells with equally many candidates are evaluated together.
        for count in range(2, most + 1):
            cells, pixels = 0, 0
            for n in range(pending):
                if counts[n] == count:
                    x = open_cells[n]
                    left, right = columns.first[x], columns.first[x + 1]
                    w0, w1 = columns.w0[left:right], columns.w1[left:right]
                    named = chosen[n, :count]
                    _pack(scores, y, y1, x, columns.far[x], named, w0, w1, top, bottom, names, pixels)
                    spans[cells, 0], spans[cells, 1] = left, right - left
                    cells += 1
                    pixels += right - left
                if pixels >= _PACK or n == pending - 1:
                    h0, h1 = rows.w0, rows.w1
                    _evaluate(
                        out, first, last, h0, h1, spans, cells, pixels, count, top, bottom, names, value, label, narrow
                    )
                    cells, pixels = 0, 0
    return True
