"""Block vectors of one picture to a dense field back to the frame before it (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from warpseg.motion.blocks import fill, paint
from warpseg.motion.references import resolve
from warpseg.types import MotionField

__all__ = ["CELL", "blocks_of", "field_from_blocks", "grid_size", "rotate"]

CELL = 8  # pixels: FFmpeg exports no partition smaller than 8x8

_FILLED = 0.3  # confidence of cells that continue their neighbours


def grid_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the field's (h, w) for a picture of (height, width) pixels: cells of about 8 pixels that divide it
    evenly.
    """
    return max(round(size[0] / CELL), 1), max(round(size[1] / CELL), 1)


def blocks_of(vectors: NDArray[np.void]) -> NDArray[np.float32]:
    """Turn FFmpeg's records into float32 (n, 7): centre x, y, width, height, dx, dy in pixels, side (-1 past, 1
    future).
    """
    scale = np.maximum(vectors["motion_scale"], 1).astype(np.float32)
    columns = [vectors["dst_x"], vectors["dst_y"], vectors["w"], vectors["h"]]
    columns += [vectors["motion_x"] / scale, vectors["motion_y"] / scale, np.sign(vectors["source"])]
    return np.stack(columns, 1).astype(np.float32)


def field_from_blocks(
    blocks: NDArray[np.float32], luma: NDArray[np.uint8], candidates: Mapping[int, NDArray[np.uint8]]
) -> tuple[MotionField, float]:
    """Return the field back to the frame before, and the share of cells that some vector covers; coded orientation.

    Each vector's reference is resolved, its motion divided by that distance (constant velocity, so a future reference
    counts backwards), vectors that meet in a cell are averaged by how well they match, and cells without one (intra
    blocks) continue their neighbours.
    """
    distance, error = resolve(luma, blocks, candidates)
    steps = np.abs(distance)
    scale = np.where(distance < 0, 1, -1) / np.maximum(steps, 1)
    # A vector over several frames says less about the last step than one over a single frame.
    weight = np.where(steps > 0, 1 / ((1 + error) * np.maximum(steps, 1)), 0)
    rows, columns = grid_size(luma.shape)
    sums = np.zeros((3, rows, columns), np.float32)
    paint(blocks, scale.astype(np.float32), weight.astype(np.float32), luma.shape, sums)
    known = sums[2] > 0
    offsets = sums[:2] / np.where(known, sums[2], np.float32(1))
    fill(offsets.astype(np.float32, copy=False), known)
    confidence = np.where(known, np.float32(1), np.float32(_FILLED))
    return MotionField(torch.from_numpy(offsets), torch.from_numpy(confidence)), float(known.mean())


def rotate(motion: MotionField, degrees: int, *, mirrored: bool = False) -> MotionField:
    """Turn a field counter-clockwise by a multiple of 90 degrees, then swap left and right if ``mirrored``.

    Grid and directions change as the picture does for display.
    """
    turns = degrees // 90 % 4
    offsets, confidence = motion.offsets, motion.confidence
    if turns:
        x, y = offsets
        offsets = torch.rot90(torch.stack(((y, -x), (-x, -y), (-y, x))[turns - 1]), turns, (1, 2)).contiguous()
        confidence = torch.rot90(confidence, turns, (0, 1)).contiguous()
    if mirrored:
        offsets = torch.stack((-offsets[0], offsets[1])).flip(2)
        confidence = confidence.flip(1)
    return MotionField(offsets, confidence)
