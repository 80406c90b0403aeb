"""Colours: blends class colours into pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.sinks.kernels import blend
from warpseg.types import Classes

__all__ = ["Blender"]


class Blender:
    """Blender of class colours into pictures; pixels without a class keep the picture."""

    def __init__(self, classes: Classes, opacity: float) -> None:
        """Prepare tables; ``opacity`` in [0, 1] is the share of the class colours."""
        if not 0 <= opacity <= 1:
            raise ValueError(f"opacity is {opacity}; expected 0 to 1")
        weight = round(256 * opacity)
        count = len(classes)
        # One entry for every possible label, so that none can read outside.
        self._keep = np.full(65536, 256, np.uint16)
        self._keep[:count] = 256 - weight
        self._table = np.zeros((65536, 3), np.uint16)
        self._table[:count] = np.asarray(classes.colours, np.uint16).reshape(count, 3) * weight

    def __call__(
        self, picture: NDArray[np.uint8], labels: NDArray[np.uint8 | np.uint16], out: NDArray[np.uint8]
    ) -> None:
        """Write the blend of a picture (height, width, 3) and labels (height, width) to the top left of ``out``."""
        blend(picture, labels, self._table, self._keep, out)
