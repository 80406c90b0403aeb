"""Atlas: stores textures as ripmaps, filtered in each direction separately, so that oblique facades stay sharp.

A texture is (h, w, 5) uint8 with sides that are powers of two: red, green, blue, coverage, and the share of the colour
that comes from the tint of its quad. All but the coverage are premultiplied by the coverage, so that averages stay
right at silhouettes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.kernels import kernel

LEVELS = 11
CHANNELS = 5


@dataclass(frozen=True)
class Atlas:
    """All textures of a street in one array."""

    texels: NDArray[np.uint8]  # (n, 5)
    starts: NDArray[np.int64]  # (textures, 11, 11): first texel of level (down, across)
    sizes: NDArray[np.int64]  # (textures, 2): height and width of the finest level
    opaque: NDArray[np.bool_]  # (textures): whether no texel is transparent


def build_atlas(textures: Sequence[NDArray[np.uint8]]) -> Atlas:
    """Pack textures (h, w, 5) with all their reductions by powers of two, across and down."""
    starts = np.zeros((len(textures), LEVELS, LEVELS), np.int64)
    sizes = np.array([texture.shape[:2] for texture in textures], np.int64)
    total = 0
    for number, (height, width) in enumerate(sizes):
        for down in range(LEVELS):
            for across in range(LEVELS):
                starts[number, down, across] = total
                if height >> down and width >> across:
                    total += int(height >> down) * int(width >> across)
    texels = np.empty((total, CHANNELS), np.uint8)
    for number, texture in enumerate(textures):
        _fill_levels(texture, texels, starts[number])
    opaque = np.array([bool((texture[..., 3] == 255).all()) for texture in textures])
    return Atlas(texels, starts, sizes, opaque)


@kernel
def _fill_levels(texture: NDArray[np.uint8], texels: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
    height, width, channels = texture.shape
    at = starts[0, 0]
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                texels[at + i * width + j, c] = texture[i, j, c]
    down = 0
    while height >> down:
        rows = height >> down
        across = 0
        while width >> across:
            columns = width >> across
            at = starts[down, across]
            if across > 0:
                source = starts[down, across - 1]
                for i in range(rows):
                    for j in range(columns):
                        first = source + i * 2 * columns + 2 * j
                        for c in range(channels):
                            both = int(texels[first, c]) + int(texels[first + 1, c])
                            texels[at + i * columns + j, c] = (both + 1) >> 1
            elif down > 0:
                source = starts[down - 1, 0]
                for i in range(rows):
                    for j in range(columns):
                        first = source + 2 * i * columns + j
                        for c in range(channels):
                            texels[at + i * columns + j, c] = (
                                int(texels[first, c]) + int(texels[first + columns, c]) + 1
                            ) >> 1
            across += 1
        down += 1


@kernel
def level_for(footprint: float, side: int) -> int:
    """Return the level at which one texel is about as wide as the footprint, for a side of ``side`` texels."""
    level = 0
    size = footprint * 0.75
    while size > 1.0 and (side >> (level + 1)) > 0:
        size *= 0.5
        level += 1
    return level


@kernel
def sample(
    texels: NDArray[np.uint8], start: int, rows: int, columns: int, u: float, v: float, out: NDArray[np.float32]
) -> None:
    """Write the bilinear sample of one level at (u right, v up), both in [0, 1], to ``out`` (5), premultiplied."""
    x = min(max(u * columns - 0.5, 0.0), columns - 1.0)
    y = min(max((1.0 - v) * rows - 0.5, 0.0), rows - 1.0)
    j = math.floor(x)
    i = math.floor(y)
    fx = np.float32(x - j)
    fy = np.float32(y - i)
    k = min(j + 1, columns - 1)
    m = min(i + 1, rows - 1)
    one = np.float32(1.0)
    p00 = start + i * columns + j
    p01 = start + i * columns + k
    p10 = start + m * columns + j
    p11 = start + m * columns + k
    w00 = (one - fx) * (one - fy)
    w01 = fx * (one - fy)
    w10 = (one - fx) * fy
    w11 = fx * fy
    for c in range(CHANNELS):
        out[c] = w00 * texels[p00, c] + w01 * texels[p01, c] + w10 * texels[p10, c] + w11 * texels[p11, c]


@kernel
def coverage(texels: NDArray[np.uint8], start: int, rows: int, columns: int, u: float, v: float) -> float:
    """Return the bilinear coverage in [0, 255] at (u, v) of one level."""
    x = min(max(u * columns - 0.5, 0.0), columns - 1.0)
    y = min(max((1.0 - v) * rows - 0.5, 0.0), rows - 1.0)
    j = math.floor(x)
    i = math.floor(y)
    fx = x - j
    fy = y - i
    k = min(j + 1, columns - 1)
    m = min(i + 1, rows - 1)
    top = texels[start + i * columns + j, 3] * (1 - fx) + texels[start + i * columns + k, 3] * fx
    bottom = texels[start + m * columns + j, 3] * (1 - fx) + texels[start + m * columns + k, 3] * fx
    return float(top * (1 - fy) + bottom * fy)
