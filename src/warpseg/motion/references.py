"""Which frame a vector points to.

A codec's record says past or future, not which of several references. Each candidate is tried on the picture: the right
one is where the block's luma is found again. Flat or still blocks fit several; they follow the majority of the clear
ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from warpseg.motion.blocks import match_error

__all__ = ["resolve"]

_CLEAR = 2.0  # grey levels by which the best candidate must beat the second to vote


def resolve(
    luma: NDArray[np.uint8], blocks: NDArray[np.float32], candidates: Mapping[int, NDArray[np.uint8]]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each block's distance in frames (n; negative: past, 0: no candidate on its side) and its match error in
    grey levels (n).

    ``blocks`` is (n, 7) as in ``match_error``; ``candidates`` maps distances (-1: the frame before, 2: two frames
    ahead) to luma.
    """
    distance = np.zeros(len(blocks), np.int32)
    error = np.full(len(blocks), np.inf, np.float32)
    for side in (-1, 1):
        of_side = blocks[:, 6] == side
        tried = sorted((d for d in candidates if d * side > 0 and candidates[d].shape == luma.shape), key=abs)
        if not tried or not of_side.any():
            continue
        if len(tried) == 1:
            match_error(luma, candidates[tried[0]], blocks, side, error)
            distance[of_side] = tried[0]
            continue
        errors = np.empty((len(tried), len(blocks)), np.float32)
        for row, d in zip(errors, tried, strict=True):
            match_error(luma, candidates[d], blocks, side, row)
        errors = errors[:, of_side]
        ranked = np.sort(errors, axis=0)
        best = errors.argmin(0)
        votes = np.bincount(best[ranked[1] - ranked[0] > _CLEAR], minlength=len(tried))
        # Among candidates that fit about as well as the best, the one with most votes; with none, the nearest.
        near = errors <= ranked[0] + _CLEAR
        favourite = (near * (votes + 1)[:, None]).argmax(0)
        distance[of_side] = np.array(tried, np.int32)[favourite]
        error[of_side] = np.take_along_axis(errors, favourite[None], 0)[0]
    return distance, error
