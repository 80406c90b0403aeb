"""Scene cuts: detects the frames whose content motion does not explain."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel

__all__ = ["CutDetector"]

_UNEXPLAINED = 0.17  # least share of the contrast that is unexplained at a cut; ordinary video stays below 0.14
_JUMP = 2.0  # least ratio of that share, at a cut, to its recent median
_MEMORY = 8  # frames of which the median is taken
_FLAT = 4.0  # grey levels: below this contrast a picture counts as flat
_HISTOGRAM_DISTANCE = 0.15  # least distance of the luma histograms at a cut that no earlier frame precedes
_SAMPLES = 1000  # least number of compared pixels, for pictures with few cells


class CutDetector:
    """Detector that decides, frame by frame, whether motion still explains the picture.

    At a cut no vector finds its content again: the luma error left after motion jumps from its usual share of the
    picture's contrast to most of it. Noise, flicker and fast motion leave a large error in every frame, so they cause
    no jump.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_MEMORY)

    def __call__(self, luma: NDArray[np.uint8], before: NDArray[np.uint8], offsets: NDArray[np.float32]) -> bool:
        """Return whether a cut lies between ``before`` (h, w) and ``luma`` (h, w), both uint8.

        ``offsets`` (2, rows, columns) lead from ``luma`` to ``before``, fractions of the frame in coded orientation.
        """
        finer = min(math.ceil(math.sqrt(_SAMPLES / offsets[0].size)), 8)
        if finer > 1:
            offsets = np.ascontiguousarray(offsets.repeat(finer, 1).repeat(finer, 2))
        error, contrast, histograms = _unexplained(luma, before, offsets)
        share = error / max(contrast, _FLAT)
        if self._recent:
            cut = share > max(_UNEXPLAINED, _JUMP * float(np.median(self._recent)))
        else:
            chance = 3 / math.sqrt(luma.size)  # distance between histograms of two samples of the same noise
            cut = share > _UNEXPLAINED and contrast > _FLAT and histograms > _HISTOGRAM_DISTANCE + chance
        self._recent.append(share)
        return cut


@kernel()
def _unexplained(
    luma: NDArray[np.uint8], before: NDArray[np.uint8], offsets: NDArray[np.float32]
) -> tuple[float, float, float]:
    """Return the mean luma error after motion, the mean deviation from the mean luma (both in grey levels), and the
    distance of the luma histograms (0 to 1).
    """
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
    contrast, distance = 0.0, 0
    for coarse in range(16):
        more = 0
        for grey in range(16 * coarse, 16 * coarse + 16):
            contrast += abs(grey - mean) * ours[grey]
            more += ours[grey] - theirs[grey]
        distance += abs(more)
    return error / samples, contrast / samples, distance / (2 * samples)
