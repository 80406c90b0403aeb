"""References: finds the frame that each codec vector points to.

FFmpeg's record of a vector states past or future, but not which of several references. Each candidate frame is
therefore compared with the picture: the reference is the one in which the block's luma is found again. Flat or static
blocks fit several candidates; they follow the majority of the unambiguous blocks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import PATCH, sad

__all__ = ["resolve"]

_CLEAR = 2.0  # grey levels by which a candidate must beat another to be clearly better
_SAMPLED = 4  # every fourth block votes
_NO_DISTANCES = np.zeros(0, np.int32)


def resolve(
    plane: Plane, blocks: NDArray[np.float32], candidates: Mapping[int, Plane]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each block's reference distance (n), in frames, and its photometric error (n), in grey levels.

    A distance is negative for the past, and 0 where the block's side has no candidate. ``blocks`` is (n, 7) from
    ``codec.blocks_of``. ``candidates`` maps distances (-1: the frame before, 2: two frames ahead) to planes; planes of
    another size are ignored.
    """
    distance = np.zeros(len(blocks), np.int32)
    error = np.full(len(blocks), np.inf, np.float32)
    for side in (-1, 1):
        tried = sorted((d for d in candidates if d * side > 0 and candidates[d].size == plane.size), key=abs)
        for d in _by_votes(plane, blocks, candidates, tried, side):
            _match(plane.pixels, candidates[d].pixels, plane.factor, blocks, 1, side, d, distance, error)
    return distance, error


def _by_votes(
    plane: Plane, blocks: NDArray[np.float32], candidates: Mapping[int, Plane], tried: list[int], side: int
) -> list[int]:
    """Sort candidates by the number of sampled blocks that they clearly fit best, then by distance."""
    if len(tried) < 2 or not len(blocks):
        return tried
    errors = np.full((len(tried), len(blocks[::_SAMPLED])), np.inf, np.float32)
    for row, d in zip(errors, tried, strict=True):
        _match(plane.pixels, candidates[d].pixels, plane.factor, blocks, _SAMPLED, side, d, _NO_DISTANCES, row)
    best, second = np.partition(errors, 1, axis=0)[:2]
    with np.errstate(invalid="ignore"):  # infinity - infinity, for blocks of the other side
        clear = second - best > _CLEAR
    votes = np.bincount(errors.argmin(0)[clear], minlength=len(tried))
    return [tried[k] for k in np.argsort(-votes, kind="stable")]


@kernel()
def _match(
    plane: NDArray[np.uint8],
    other: NDArray[np.uint8],
    factor: int,
    blocks: NDArray[np.float32],
    every: int,
    side: int,
    candidate: int,
    distance: NDArray[np.int32],
    error: NDArray[np.float32],
) -> None:
    """Assign ``candidate`` to each ``every``-th block of a side that it fits clearly better than the block's present
    reference.

    ``error`` is the mean absolute luma difference between the patch at the block's centre and the one that its vector
    points to. With an empty ``distance``, only these errors are written.
    """
    height, width = plane.shape
    here, there = plane.reshape(-1), other.reshape(-1)
    for k in range(len(error)):
        i = k * every
        if blocks[i, 6] != side or (len(distance) and error[k] <= _CLEAR):
            continue
        left = int(blocks[i, 0] / factor) - PATCH // 2 + MARGIN
        top = int(blocks[i, 1] / factor) - PATCH // 2 + MARGIN
        x, y = left + int(np.rint(blocks[i, 4] / factor)), top + int(np.rint(blocks[i, 5] / factor))
        left, top = min(max(left, 0), width - PATCH), min(max(top, 0), height - PATCH)
        x, y = min(max(x, 0), width - PATCH), min(max(y, 0), height - PATCH)
        mean = sad(here, there, width, top * width + left, y * width + x) / np.float32(PATCH * PATCH)
        if not len(distance):
            error[k] = mean
        elif distance[k] == 0 or mean + _CLEAR < error[k]:
            distance[k], error[k] = candidate, mean
