"""Kernels: a typed decorator for numba, and the small functions that all kernels share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from warpseg import kernels

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for one thread, without the GIL and cached on disk: safe to call from any thread.

    The cache is renewed when the function's own file changes. After editing a kernel that is called from other files,
    delete ``__pycache__/*.nb?``.
    """
    exact_enough = {"contract", "arcp", "reassoc"}
    return kernels.kernel(error_model="numpy", fastmath=exact_enough)(function)


@kernel
def hashed(x: int, y: int, seed: int) -> float:
    """Return a reproducible pseudo-random number in [0, 1) for a lattice point."""
    h = np.uint32(x * 374761393 + y * 668265263 + seed * 974634777)
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(1274126177))
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(2246822519))
    return float(h ^ (h >> np.uint32(16))) / 4294967296.0


@kernel
def value_noise(x: float, y: float, seed: int) -> float:
    """Return smooth value noise in [0, 1] with lattice spacing 1."""
    ix = math.floor(x)
    iy = math.floor(y)
    fx = x - ix
    fy = y - iy
    fx = fx * fx * (3.0 - 2.0 * fx)
    fy = fy * fy * (3.0 - 2.0 * fy)
    i = int(ix)
    j = int(iy)
    top = hashed(i, j, seed) * (1 - fx) + hashed(i + 1, j, seed) * fx
    bottom = hashed(i, j + 1, seed) * (1 - fx) + hashed(i + 1, j + 1, seed) * fx
    return top * (1 - fy) + bottom * fy


@kernel
def table_noise(table: NDArray[np.float32], x: float, y: float) -> float:
    """Return smooth value noise in [-1, 1] from a periodic table (256, 256), which is faster than hashing."""
    ix = math.floor(x)
    iy = math.floor(y)
    fx = x - ix
    fy = y - iy
    fx = fx * fx * (3.0 - 2.0 * fx)
    fy = fy * fy * (3.0 - 2.0 * fy)
    i = int(ix) & 255
    j = int(iy) & 255
    k = (i + 1) & 255
    m = (j + 1) & 255
    top = table[j, i] * (1 - fx) + table[j, k] * fx
    bottom = table[m, i] * (1 - fx) + table[m, k] * fx
    return float(top * (1 - fy) + bottom * fy)


@kernel
def clamp(value: float, low: float, high: float) -> float:
    """Return the value clipped to [low, high]."""
    return min(max(value, low), high)


@kernel
def covered(low: float, high: float, value: float, width: float) -> float:
    """Return the share of a box filter around the value that lies in [low, high]: analytic antialiasing."""
    left = max(low, value - 0.5 * width)
    right = min(high, value + 0.5 * width)
    return max(0.0, right - left) / width
