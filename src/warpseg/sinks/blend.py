"""Class colours laid over a picture, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.types import Classes

__all__ = ["Blender"]

_Function = TypeVar("_Function", bound=Callable[..., object])


def _compiled(function: _Function) -> _Function:
    return cast(_Function, numba.njit(nogil=True, cache=True)(function))


@_compiled
def _blend(
    picture: NDArray[np.uint8],
    labels: NDArray[np.uint8 | np.uint16],
    table: NDArray[np.uint16],
    keep: NDArray[np.uint16],
    out: NDArray[np.uint8],
) -> None:
    height, width = labels.shape
    for y in range(height):
        below = min(y + 1, height - 1)
        for x in range(width):
            label = labels[y, x]
            shift = 8
            if keep[label] != 256 and (label != labels[y, min(x + 1, width - 1)] or label != labels[below, x]):
                shift = 9  # half as bright: a line between classes
            for channel in range(3):
                out[y, x, channel] = (picture[y, x, channel] * keep[label] + table[label, channel]) >> shift


class Blender:
    """Mixes class colours into pictures; pixels of no class keep the picture."""

    def __init__(self, classes: Classes, opacity: float) -> None:
        """Prepare tables; ``opacity`` in [0, 1] is the share of the class colour."""
        if not 0 <= opacity <= 1:
            raise ValueError(f"opacity is {opacity}; expected 0 to 1")
        weight = round(256 * opacity)
        count = len(classes)
        # One entry for every value a label can have, so that no value can read outside.
        self._keep = np.full(65536, 256, np.uint16)
        self._keep[:count] = 256 - weight
        self._table = np.zeros((65536, 3), np.uint16)
        self._table[:count] = np.asarray(classes.colours, np.uint16).reshape(count, 3) * weight

    def __call__(
        self, picture: NDArray[np.uint8], labels: NDArray[np.uint8 | np.uint16], out: NDArray[np.uint8]
    ) -> None:
        """Write the mix of picture (height, width, 3) and labels (height, width) to the top left of ``out``."""
        _blend(picture, labels, self._table, self._keep, out)
