"""Orientation: turns motion fields and luma planes from coded to displayed orientation."""

from __future__ import annotations

import numpy as np
import torch

from warpseg.motion.luma import Plane
from warpseg.types import MotionField

__all__ = ["rotate", "turned_plane"]


def rotate(motion: MotionField, degrees: int, *, mirrored: bool = False) -> MotionField:
    """Turn a field counter-clockwise by a multiple of 90 degrees, then swap left and right if ``mirrored``.

    The grid and the directions of the offsets turn together, as the picture does for display.
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


def turned_plane(plane: Plane, degrees: int, *, mirrored: bool = False) -> Plane:
    """Turn a plane as ``rotate`` turns fields; returns the same object if there is nothing to turn."""
    turns = degrees // 90 % 4
    if not turns and not mirrored:
        return plane
    pixels = np.rot90(plane.pixels, turns)
    pixels = np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)
    return Plane(pixels, plane.factor, plane.size if turns % 2 == 0 else plane.size[::-1])
