"""Which frame a vector points to.

A codec's record says past or future, not which of several references. Each candidate is tried on the picture: the right
one is where the block's luma is found again. Flat or still blocks fit several; they follow the majority of the clear
ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba
import numpy as np
from numpy.typing import NDArray

from warpseg.motion.planes import MARGIN, Plane
from warpseg.motion.window import WINDOW, difference

__all__ = ["resolve"]

_CLEAR = 2.0  # grey levels by which the best candidate must beat the second to vote


def resolve(
    plane: Plane, blocks: NDArray[np.float32], candidates: Mapping[int, Plane]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each block's distance in frames (n; negative: past, 0: no candidate on its side) and its match error in
    grey levels (n).

    ``blocks`` is (n, 7) as ``codec.blocks_of`` makes them; ``candidates`` maps distances (-1: the frame before, 2: two
    frames ahead) to planes; those of another size are none.
    """
    distance = np.zeros(len(blocks), np.int32)
    error = np.full(len(blocks), np.inf, np.float32)
    for side in (-1, 1):
        of_side = np.flatnonzero(blocks[:, 6] == side)
        tried = sorted((d for d in candidates if d * side > 0 and candidates[d].size == plane.size), key=abs)
        if not tried or not len(of_side):
            continue
        ours = blocks[of_side]
        errors = np.empty((len(tried), len(ours)), np.float32)
        for row, d in zip(errors, tried, strict=True):
            _match(plane.pixels, candidates[d].pixels, plane.factor, ours, row)
        favourite = 0
        if len(tried) > 1:
            best, second = np.partition(errors, 1, axis=0)[:2]
            votes = np.bincount(errors.argmin(0)[second - best > _CLEAR], minlength=len(tried))
            # Among candidates that fit about as well as the best, the one with most votes; with none, the nearest.
            near = errors <= best + _CLEAR
            favourite = (near * (votes + 1)[:, None]).argmax(0)
        distance[of_side] = np.array(tried, np.int32)[favourite]
        error[of_side] = errors[favourite, np.arange(len(ours))]
    return distance, error


@numba.njit(cache=True, nogil=True)
def _match(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    factor: int,
    blocks: NDArray[np.float32],
    error: NDArray[np.float32],
) -> None:
    """Write the mean luma difference of the window at each block's centre and where its vector points."""
    height, width = plane.shape
    here, there = plane.reshape(-1), other.reshape(-1)
    for i in range(len(blocks)):
        left = int(blocks[i, 0] / factor) - WINDOW // 2 + MARGIN
        top = int(blocks[i, 1] / factor) - WINDOW // 2 + MARGIN
        x, y = left + int(np.rint(blocks[i, 4] / factor)), top + int(np.rint(blocks[i, 5] / factor))
        left, top = min(max(left, 0), width - WINDOW), min(max(top, 0), height - WINDOW)
        x, y = min(max(x, 0), width - WINDOW), min(max(y, 0), height - WINDOW)
        error[i] = difference(here, there, width, top * width + left, y * width + x) / np.float32(WINDOW * WINDOW)
