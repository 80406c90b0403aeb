"""Where one scene ends and another begins."""

from __future__ import annotations

import math
from collections import deque

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["CutDetector"]

_UNEXPLAINED = 0.17  # share of the contrast that motion must leave unexplained; ordinary video stays below 0.14
_JUMP = 2.0  # and how many times the usual share
_MEMORY = 8  # frames that "usual" looks back on
_FLAT = 4.0  # grey levels: a picture with less contrast has none to explain
_OTHER_GREYS = 0.15  # distance of the grey values' histograms, asked for where nothing is usual yet
_SAMPLES = 1000  # at least, so that small pictures are judged on more than a few pixels


class CutDetector:
    """Decides, frame by frame, whether motion still explains the picture.

    After a cut no vector finds its content: what remains unexplained jumps from its usual share of the picture's
    contrast to most of it. Noise, flicker and fast motion leave much unexplained in every frame, so they do not jump.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_MEMORY)

    def __call__(self, luma: NDArray[np.uint8], before: NDArray[np.uint8], offsets: NDArray[np.float32]) -> bool:
        """Return whether a cut lies between ``before`` and ``luma`` (h, w).

        ``offsets`` (2, rows, columns) lead back, coded orientation.
        """
        finer = min(math.ceil(math.sqrt(_SAMPLES / offsets[0].size)), 8)
        if finer > 1:
            offsets = np.ascontiguousarray(offsets.repeat(finer, 1).repeat(finer, 2))
        error, contrast, histograms = _unexplained(luma, before, offsets)
        share = error / max(contrast, _FLAT)
        if self._recent:
            cut = share > max(_UNEXPLAINED, _JUMP * float(np.median(self._recent)))
        else:
            chance = 3 / math.sqrt(luma.size)  # by which histograms of the same noise differ
            cut = share > _UNEXPLAINED and contrast > _FLAT and histograms > _OTHER_GREYS + chance
        self._recent.append(share)
        return cut


@numba.njit(cache=True, nogil=True)
def _unexplained(
    luma: NDArray[np.uint8], before: NDArray[np.uint8], offsets: NDArray[np.float32]
) -> tuple[float, float, float]:
    """Return mean luma error after motion, mean deviation from the mean luma, and the histograms' distance (0..1)."""
    height, width = luma.shape
    rows, columns = offsets.shape[1:]
    error = 0.0
    ours, theirs = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for row in range(rows):
        y = min(int((row + 0.5) * height / rows), height - 1)
        for column in range(columns):
            x = min(int((column + 0.5) * width / columns), width - 1)
            then_y = min(max(int(np.rint(y + offsets[1, row, column] * height)), 0), height - 1)
            then_x = min(max(int(np.rint(x + offsets[0, row, column] * width)), 0), width - 1)
            error += abs(np.int32(luma[y, x]) - np.int32(before[then_y, then_x]))
            ours[luma[y, x]] += 1
            theirs[before[y, x]] += 1
    samples = rows * columns
    mean = 0.0
    for grey in range(256):
        mean += grey * ours[grey] / samples
    contrast, apart = 0.0, 0
    for coarse in range(16):
        more = 0
        for grey in range(16 * coarse, 16 * coarse + 16):
            contrast += abs(grey - mean) * ours[grey]
            more += ours[grey] - theirs[grey]
        apart += abs(more)
    return error / samples, contrast / samples, apart / (2 * samples)
