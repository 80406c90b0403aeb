"""Frames of noise and of smooth colours for networks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch
from torch import nn

from warpseg import Frame, MotionField


def frame(size: tuple[int, int], seed: int = 0) -> Frame:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    return Frame(0, Fraction(0), size, MotionField.zero(), load=lambda: pixels)


Size = tuple[int, int]


def picture(size: Size, seed: int = 0) -> Frame:
    """Return a frame of smooth random colours."""
    coarse = torch.rand(1, 3, 5, 8, generator=torch.Generator().manual_seed(seed)) * 255
    pixels = nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(0, 255)[0].permute(1, 2, 0)
    shown = np.ascontiguousarray(pixels.numpy().astype(np.uint8))
    return Frame(seed, Fraction(seed), size, MotionField.zero(), load=lambda: shown)


def pictures(count: int, size: Size) -> list[Frame]:
    return [picture(size, seed) for seed in range(count)]
