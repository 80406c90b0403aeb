"""Subpixel refinement: adds the last fraction of a pixel to each vector and measures its confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.luma import Plane
from warpseg.motion.sad import PATCH, normal_equations
from warpseg.motion.search import Vectors, corner
from warpseg.types import HALF_CONFIDENCE, confidence_of

__all__ = ["confidence_along", "refine"]

_NOISE = 1024.0  # added to the summed squared gradients: with less texture than this, the step goes to zero
_EQUAL_SAD = 32  # SAD up to which there is nothing to gain: half a grey level per pixel


def refine(plane: Plane, other: Plane, found: Vectors) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return offsets (2, rows, columns), fractions of the frame, and confidence (rows, columns) in [0, 1].

    Each vector is refined by one step of the method of Lucas and Kanade (1981), unless its patches are equal already.
    Confidence falls with the photometric error that the whole-pixel vector leaves.
    """
    rows, columns = found.error.shape
    size = (plane.size[0] / plane.factor, plane.size[1] / plane.factor)
    offsets = np.empty((2, rows, columns), np.float32)
    confidence = np.empty((rows, columns), np.float32)
    _refine(plane.pixels, other.pixels, size, found.whole, found.error, offsets, confidence)
    return offsets, confidence


@kernel(error_model="numpy")
def _refine(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    size: tuple[float, float],
    whole: NDArray[np.int64],
    error: NDArray[np.int64],
    offsets: NDArray[np.float32],
    confidence: NDArray[np.float32],
) -> None:
    height, width = plane.shape
    here, there = plane.reshape(-1), other.reshape(-1)
    rows, columns = error.shape
    for row in range(rows):
        top = corner(row, size[0] / rows)
        for column in range(columns):
            left = corner(column, size[1] / columns)
            x, y = whole[0, row, column], whole[1, row, column]
            dx, dy = np.float32(0), np.float32(0)
            inside = 0 < left + x < width - PATCH - 1 and 0 < top + y < height - PATCH - 1
            if inside and error[row, column] > _EQUAL_SAD:
                dx, dy = _lucas_kanade_step(here, there, width, top * width + left, (top + y) * width + left + x)
            offsets[0, row, column] = (x + dx) / size[1]
            offsets[1, row, column] = (y + dy) / size[0]
            relative = error[row, column] / np.float32(HALF_CONFIDENCE * PATCH * PATCH)
            confidence[row, column] = 1 / (1 + relative * relative)


def confidence_along(plane: Plane, other: Plane, offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the confidence (rows, columns) of ``offsets`` (2, rows, columns) from another source, such as flow."""
    return confidence_of(plane.difference(other, offsets))


@kernel(error_model="numpy")
def _lucas_kanade_step(
    here: NDArray[np.uint8], there: NDArray[np.uint8], stride: int, at: int, found: int
) -> tuple[np.float32, np.float32]:
    """Return the step (x, y), in pixels, that best aligns the two patches to first order; zero if it exceeds a pixel.

    ``at`` and ``found`` are the positions of the patches' first pixels in ``here`` and ``there``.
    """
    xx, xy, yy, xd, yd = normal_equations(here, there, stride, at, found)
    a, b, c = np.float32(xx + _NOISE), np.float32(yy + _NOISE), np.float32(xy)
    scale = 2 / (a * b - c * c)  # 2: the gradients are over two pixels
    dx, dy = np.float32((b * xd - c * yd) * scale), np.float32((a * yd - c * xd) * scale)
    if abs(dx) <= 1 and abs(dy) <= 1:
        return dx, dy
    return np.float32(0), np.float32(0)
