"""Kernels: the two loops over all pixels for which NumPy is too slow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel

__all__ = ["blend", "count"]

# Not parallel: sinks run while other threads run kernels, and numba's workqueue accepts one thread only.
_compiled = kernel()


@_compiled
def blend(
    picture: NDArray[np.uint8],
    labels: NDArray[np.uint8 | np.uint16],
    table: NDArray[np.uint16],
    keep: NDArray[np.uint16],
    out: NDArray[np.uint8],
) -> None:
    """Write ``(picture * keep[label] + table[label]) / 256`` to the top left of ``out``; half of it between classes.

    ``picture`` is (height, width, 3), ``labels`` (height, width), ``table`` (values, 3), ``keep`` (values). Where
    ``keep`` is 256, the picture stays as it is and no line is drawn.
    """
    height, width = labels.shape
    for y in range(height):
        below = min(y + 1, height - 1)
        for x in range(width):
            label = labels[y, x]
            shift = 8
            if keep[label] != 256 and (label != labels[y, min(x + 1, width - 1)] or label != labels[below, x]):
                shift = 9
            for channel in range(3):
                out[y, x, channel] = (picture[y, x, channel] * keep[label] + table[label, channel]) >> shift


@_compiled
def count(labels: NDArray[np.uint8 | np.uint16], counts: NDArray[np.int64]) -> None:
    """Add the number of pixels of each label (height, width) to ``counts`` (values), run by run.

    Runs are fast because neighbours are mostly of one class.
    """
    height, width = labels.shape
    for y in range(height):
        begin = 0
        for x in range(1, width):
            if labels[y, x] != labels[y, begin]:
                counts[labels[y, begin]] += x - begin
                begin = x
        counts[labels[y, begin]] += width - begin
