"""Noise as grey values, and the patch that block matching compares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.motion.sad import PATCH

Luma = NDArray[np.uint8]


def noise(size: tuple[int, int], seed: int = 0) -> Luma:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


def patch(picture: NDArray[np.generic], top: int, left: int) -> NDArray[np.int64]:
    return picture[top : top + PATCH, left : left + PATCH].astype(np.int64)
