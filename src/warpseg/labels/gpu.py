"""Labels on a GPU: a Triton kernel that interpolates and compares all classes of a tile of pixels in registers.

One launch takes any number of maps and writes nothing but labels. A tile has so few rows that all its pixels lie
between three rows of scores. Those are interpolated along x once per class, which leaves two products, a sum and a
comparison for each pixel and class (docs/gpu.md).
"""
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# (Triton ships no types)

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

__all__ = ["labels_gpu"]

_COLUMNS = 128  # pixels of a tile along x
_MAX_ROWS = 16  # pixels of a tile along y; more would not fit into registers


@triton.jit
def _position(index, scale, cells):
    """Return the score centre before each pixel along one axis, and the remaining fraction, as torch computes them."""
    at = tl.maximum((index + 0.5) * scale - 0.5, 0.0)
    cell = tl.minimum(at.to(tl.int32), cells - 1)
    return cell, tl.minimum(at - cell, 1.0)


@triton.jit
def _along_x(row, left, right, near, far, mask):
    """Interpolate one row of one class along x."""
    return near * tl.load(row + left, mask=mask, other=0.0) + far * tl.load(row + right, mask=mask, other=0.0)


@triton.jit
def _label_tile(
    scores, out, classes, height, width, rows, columns, y_scale, x_scale, ROWS: tl.constexpr, COLUMNS: tl.constexpr
):
    """Label one tile of ROWS x COLUMNS pixels of a map; axis 0 of the grid counts tiles, axis 1 maps."""
    across = (columns + COLUMNS - 1) // COLUMNS
    top = tl.program_id(0) // across * ROWS
    y = top + tl.arange(0, ROWS)
    x = tl.program_id(0) % across * COLUMNS + tl.arange(0, COLUMNS)
    is_column = x < columns
    number = tl.program_id(1).to(tl.int64)  # all maps together may hold more than 2**31 scores

    left, x_far = _position(x, x_scale, width)
    right, x_near = tl.minimum(left + 1, width - 1), 1.0 - x_far
    upper, y_far = _position(y, y_scale, height)
    y_near = 1.0 - y_far
    first, _ = _position(top, y_scale, height)
    second, third = tl.minimum(first + 1, height - 1), tl.minimum(first + 2, height - 1)
    is_below = (upper > first)[:, None]  # between the second and the third row, not the first and the second

    scores += number * classes * height * width
    best = tl.full([ROWS, COLUMNS], float("-inf"), tl.float32)
    label = tl.full([ROWS, COLUMNS], 0, tl.int32)
    for c in range(classes):
        a = _along_x(scores + first * width, left, right, x_near, x_far, is_column)[None, :]
        b = _along_x(scores + second * width, left, right, x_near, x_far, is_column)[None, :]
        d = _along_x(scores + third * width, left, right, x_near, x_far, is_column)[None, :]
        value = y_near[:, None] * tl.where(is_below, b, a) + y_far[:, None] * tl.where(is_below, d, b)
        # As in argmax, the first of equal maxima wins, and a NaN wins over any number.
        ahead = (value > best) | ((value != value) & (best == best))
        best = tl.where(ahead, value, best)
        label = tl.where(ahead, c, label)
        scores += height * width

    pixel = y.to(tl.int64)[:, None] * columns + x[None, :]
    target = out + number * rows * columns + pixel
    tl.store(target, label.to(out.dtype.element_ty), mask=(y < rows)[:, None] & is_column[None, :])


def labels_gpu(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Upsample score maps (n, C, h, w) bilinearly to ``size`` (H, W) and take the best class of every pixel.

    ``scores`` are on a CUDA device, of any floating type, and compared in float32. Returns (n, H, W) on the same
    device, uint8 for C <= 255, otherwise int32: the labels of ``labels_reference`` except where two scores tie within
    rounding. Does not wait for the device.
    """
    scores = scores.detach().float().contiguous()
    maps, classes, height, width = scores.shape
    kind = torch.uint8 if classes <= 255 else torch.int32
    if size == (height, width):
        return scores.argmax(1).to(kind)  # torch copies here, so that an infinity never meets a weight of zero
    out = torch.empty((maps, *size), dtype=kind, device=scores.device)
    rows = 1
    while 2 * rows * height <= size[0] and rows < _MAX_ROWS:
        rows *= 2
    tiles = -(-size[0] // rows) * -(-size[1] // _COLUMNS)
    with torch.cuda.device_of(scores):
        _label_tile[(tiles, maps)](
            scores, out, classes, height, width, *size, height / size[0], width / size[1], rows, _COLUMNS,
            enable_fp_fusion=False,  # round exactly as written, as the interpreter does
        )  # fmt: skip
    return out
