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

from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import WINDOW, difference

__all__ = ["resolve"]

_CLEAR = 2.0  # grey levels by which one candidate must beat another to be the clearly better one
_SAMPLED = 4  # one in so many blocks votes
_NOBODY = np.zeros(0, np.int32)


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
        tried = sorted((d for d in candidates if d * side > 0 and candidates[d].size == plane.size), key=abs)
        for d in _by_votes(plane, blocks, candidates, tried, side):
            _match(plane.pixels, candidates[d].pixels, plane.factor, blocks, 1, side, d, distance, error)
    return distance, error


def _by_votes(
    plane: Plane, blocks: NDArray[np.float32], candidates: Mapping[int, Plane], tried: list[int], side: int
) -> list[int]:
    """Sort candidates by how many of a sample of the blocks they clearly fit best, then by nearness."""
    if len(tried) < 2 or not len(blocks):
        return tried
    errors = np.full((len(tried), len(blocks[::_SAMPLED])), np.inf, np.float32)
    for row, d in zip(errors, tried, strict=True):
        _match(plane.pixels, candidates[d].pixels, plane.factor, blocks, _SAMPLED, side, d, _NOBODY, row)
    best, second = np.partition(errors, 1, axis=0)[:2]
    with np.errstate(invalid="ignore"):  # the other side's blocks
        clear = second - best > _CLEAR
    votes = np.bincount(errors.argmin(0)[clear], minlength=len(tried))
    return [tried[k] for k in np.argsort(-votes, kind="stable")]


@numba.njit(cache=True, nogil=True)
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
    """Give ``every``-th block of a side the ``candidate`` if it fits clearly better than what the block has.

    ``error`` is the mean luma difference of the window at the block's centre and where its vector points. An empty
    ``distance`` asks for these errors alone.
    """
    height, width = plane.shape
    here, there = plane.reshape(-1), other.reshape(-1)
    for k in range(len(error)):
        i = k * every
        if blocks[i, 6] != side or (len(distance) and error[k] <= _CLEAR):
            continue
        left = int(blocks[i, 0] / factor) - WINDOW // 2 + MARGIN
        top = int(blocks[i, 1] / factor) - WINDOW // 2 + MARGIN
        x, y = left + int(np.rint(blocks[i, 4] / factor)), top + int(np.rint(blocks[i, 5] / factor))
        left, top = min(max(left, 0), width - WINDOW), min(max(top, 0), height - WINDOW)
        x, y = min(max(x, 0), width - WINDOW), min(max(y, 0), height - WINDOW)
        off = difference(here, there, width, top * width + left, y * width + x) / np.float32(WINDOW * WINDOW)
        if not len(distance):
            error[k] = off
        elif distance[k] == 0 or off + _CLEAR < error[k]:
            distance[k], error[k] = candidate, off
