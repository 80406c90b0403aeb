"""Luma planes: reduced luma with a margin for block matching, and the photometric error between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.sad import PATCH, sad

__all__ = ["CELL", "MARGIN", "Plane"]

CELL = 4  # pixels of the plane along each side of a cell of the motion field
MARGIN = 16  # pixels on each side, copies of the border

_SHORT_SIDE = 400  # pixels: larger pictures are matched at a half, a third, ... of their size, whichever is nearest


@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """Luma at 1/``factor`` of the picture's size, padded by ``MARGIN`` pixels with its border."""

    pixels: NDArray[np.uint8]  # (h + 2 MARGIN, w + 2 MARGIN)
    factor: int  # pixels of the picture per pixel of the plane, along each side
    size: tuple[int, int]  # (height, width) of the picture, coded orientation

    @classmethod
    def of(cls, luma: NDArray[np.uint8]) -> Plane:
        """Make the plane of a picture's luma (height, width)."""
        factor = max(round(min(luma.shape) / _SHORT_SIDE), 1)
        return cls(_shrink(luma, factor), factor, (luma.shape[0], luma.shape[1]))

    @cached_property
    def coarser(self) -> Plane:
        """The plane at half the size."""
        return Plane(_shrink(self.luma, 2), 2 * self.factor, self.size)

    @property
    def luma(self) -> NDArray[np.uint8]:
        """The plane without its margin, (h, w)."""
        return self.pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]

    @property
    def grid(self) -> tuple[int, int]:
        """The grid (rows, columns) of cells that divide the picture evenly."""
        height, width = (max(round(side / self.factor / CELL), 1) for side in self.size)
        return height, width

    def difference(self, other: Plane, offsets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the photometric error (h, w) along ``offsets``, in grey levels.

        It is the mean absolute luma difference between the 8x8 patch around each cell and the one in ``other`` to
        which the cell's offset leads. ``offsets`` (2, h, w) are fractions of the frame, on any grid.
        """
        out = np.empty(offsets.shape[1:], np.float32)
        size = (self.size[0] / self.factor, self.size[1] / self.factor)
        _photometric_error(self.pixels, other.pixels, size, offsets, out)
        return out

    def __repr__(self) -> str:
        height, width = self.luma.shape
        return f"Plane({width}x{height}, 1/{self.factor})"


# Loops instead of slices: the error handling for slices of different shapes takes seconds to compile.


@kernel()
def _shrink(luma: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return ``luma`` (height, width) at 1/factor of its size, with margins; each pixel is a mean of factor x factor.

    A remainder at the bottom and right edges is left out.
    """
    rows, columns = max(luma.shape[0] // factor, 1), max(luma.shape[1] // factor, 1)
    out = np.empty((rows + 2 * MARGIN, columns + 2 * MARGIN), np.uint8)
    sums = np.empty(luma.shape[1], np.uint16)
    for row in range(rows):
        inside = out[row + MARGIN, MARGIN : MARGIN + columns]
        if factor == 1:
            for k in range(columns):
                inside[k] = luma[row, k]
        elif factor == 2:  # written out, because LLVM vectorises these
            a, b = luma[2 * row], luma[2 * row + 1]
            for k in range(columns):
                four = np.uint16(a[2 * k]) + np.uint16(a[2 * k + 1]) + np.uint16(b[2 * k]) + np.uint16(b[2 * k + 1])
                inside[k] = np.uint16(four + 2) >> 2
        elif factor == 3:  # short sides of 1001 to 1399, such as 1080
            a, b, c = luma[3 * row], luma[3 * row + 1], luma[3 * row + 2]
            for k in range(len(sums)):
                sums[k] = np.uint16(a[k]) + np.uint16(b[k]) + np.uint16(c[k])
            for k in range(columns):
                nine = np.uint16(sums[3 * k] + sums[3 * k + 1] + sums[3 * k + 2] + 4)
                inside[k] = nine // np.uint16(9)
        else:
            _mean_rows(luma, row * factor, factor, sums, inside)
        for k in range(MARGIN):
            out[row + MARGIN, k] = inside[0]
            out[row + MARGIN, MARGIN + columns + k] = inside[columns - 1]
    for row in range(MARGIN):
        for k in range(out.shape[1]):
            out[row, k] = out[MARGIN, k]
            out[MARGIN + rows + row, k] = out[MARGIN + rows - 1, k]
    return out


@kernel()
def _mean_rows(
    luma: NDArray[np.uint8], first: int, factor: int, sums: NDArray[np.uint16], out: NDArray[np.uint8]
) -> None:
    """Write the means of factor x factor pixels over ``factor`` rows, beginning with row ``first``."""
    for k in range(len(sums)):
        sums[k] = luma[first, k]
    for row in range(first + 1, first + factor):
        for k in range(len(sums)):
            sums[k] += luma[row, k]
    area = factor * factor
    for k in range(len(out)):
        total = np.uint32(area // 2)
        for x in range(k * factor, (k + 1) * factor):
            total += sums[x]
        out[k] = total // np.uint32(area)


@kernel(error_model="numpy")
def _photometric_error(
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
        lefts[column] = int((column + 0.5) * size[1] / columns) - PATCH // 2 + MARGIN
    ends = np.empty(columns, np.int64)
    zero, last_x, last_y = np.int32(0), np.int32(width - PATCH), np.int32(height - PATCH)
    for row in range(rows):
        top = int((row + 0.5) * size[0] / rows) - PATCH // 2 + MARGIN
        for column in range(columns):  # a loop of its own, separate from the matching, so that LLVM vectorises it
            x = lefts[column] + np.int32(np.rint(offsets[0, row, column] * size[1]))
            y = np.int32(top) + np.int32(np.rint(offsets[1, row, column] * size[0]))
            ends[column] = min(max(y, zero), last_y) * np.int32(width) + min(max(x, zero), last_x)
        for column in range(columns):
            total = sad(here, there, width, top * width + lefts[column], ends[column])
            out[row, column] = total / np.float32(PATCH * PATCH)
