"""Codec motion: turns the codec's block vectors into predictions of the motion to the frame before (paper, 3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warpseg.kernels import kernel
from warpseg.motion.luma import Plane
from warpseg.motion.references import resolve

__all__ = ["CodedMotion", "blocks_of", "coded_motion"]


@dataclass(frozen=True, eq=False)
class CodedMotion:
    """Motion to the frame before, as a picture's own vectors predict it."""

    # (2, 2, rows, columns): from vectors to the past and to the future; x, y in pixels of the plane per frame, NaN
    # where there is none.
    seeds: NDArray[np.float32]
    covered: float  # share of the picture that vectors cover
    distances: Counter[int]  # pixels of the picture by the reference distance, in frames, of the vector covering them


def blocks_of(vectors: NDArray[np.void]) -> NDArray[np.float32]:
    """Convert FFmpeg's vector records (n) to float32 (n, 7).

    The columns are centre x, y, width, height, dx, dy in pixels of the picture, and side (-1 past, 1 future).
    """
    scale = np.maximum(vectors["motion_scale"], 1).astype(np.float32)
    columns = [vectors["dst_x"], vectors["dst_y"], vectors["w"], vectors["h"]]
    columns += [vectors["motion_x"] / scale, vectors["motion_y"] / scale, np.sign(vectors["source"])]
    return np.stack(columns, 1).astype(np.float32)


def coded_motion(plane: Plane, blocks: NDArray[np.float32], candidates: Mapping[int, Plane]) -> CodedMotion:
    """Resolve each vector's reference frame and divide the vector by its distance (constant velocity).

    Vectors to future references are negated. ``blocks`` and ``candidates`` are as in ``references.resolve``.
    """
    distance, _ = resolve(plane, blocks, candidates)
    seeds = np.full((2, 2, *plane.grid), np.nan, np.float32)
    covered = _paint(blocks, distance, plane.factor, plane.size, seeds)
    reach = int(np.abs(distance).max(initial=0))
    pixels = np.bincount(distance + reach, weights=blocks[:, 2] * blocks[:, 3], minlength=2 * reach + 1)
    distances = Counter({int(d) - reach: int(pixels[d]) for d in np.flatnonzero(pixels) if d != reach})
    return CodedMotion(seeds, covered, distances)


@kernel()
def _paint(
    blocks: NDArray[np.float32],
    distance: NDArray[np.int32],
    factor: int,
    size: tuple[int, int],
    seeds: NDArray[np.float32],
) -> float:
    """Write each block's motion per frame into the cells whose centres it covers; return the share of covered cells."""
    rows, columns = seeds.shape[2:]
    cell_h, cell_w = size[0] / rows, size[1] / columns
    for i in range(len(blocks)):
        if distance[i] == 0:
            continue
        x, y, w, h = blocks[i, 0], blocks[i, 1], blocks[i, 2], blocks[i, 3]
        first_row = max(int(np.ceil((y - h / 2) / cell_h - 0.5)), 0)
        last_row = min(int(np.ceil((y + h / 2) / cell_h - 0.5)), rows)
        first_column = max(int(np.ceil((x - w / 2) / cell_w - 0.5)), 0)
        last_column = min(int(np.ceil((x + w / 2) / cell_w - 0.5)), columns)
        future = 1 if distance[i] > 0 else 0
        scale = np.float32(-1 / (distance[i] * factor))
        for row in range(first_row, last_row):
            for column in range(first_column, last_column):
                seeds[future, 0, row, column] = blocks[i, 4] * scale
                seeds[future, 1, row, column] = blocks[i, 5] * scale
    known = 0
    for row in range(rows):
        for column in range(columns):
            past, future = seeds[0, 0, row, column], seeds[1, 0, row, column]
            known += past == past or future == future
    return float(known / (rows * columns))
