"""Canvas: draws small textures from shapes, as masks over the unit square, painted in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]
Colour = tuple[float, float, float]


class Canvas:
    """Picture over [0, 1] x [0, 1], x right and y up, transparent at first.

    It is drawn at twice its size and reduced at the end, which antialiases all edges.
    """

    def __init__(self, height: int, width: int, ground: Colour | None = None, tint: float = 0.0) -> None:
        self.x = ((np.arange(2 * width, dtype=np.float32) + 0.5) / (2 * width))[None, :]
        self.y = 1 - ((np.arange(2 * height, dtype=np.float32) + 0.5) / (2 * height))[:, None]
        self.layers = np.zeros((2 * height, 2 * width, 5), np.float32)
        if ground is not None:
            self.layers[...] = (*ground, 1.0, tint)

    def box(self, left: float, bottom: float, right: float, top: float) -> Mask:
        """Return the mask of a rectangle."""
        inside = (self.x >= left) & (self.x <= right) & (self.y >= bottom) & (self.y <= top)
        return np.asarray(inside, np.float32)

    def disc(self, x: float, y: float, across: float, up: float) -> Mask:
        """Return the mask of an ellipse with centre (x, y) and radii ``across`` and ``up``."""
        return np.asarray(((self.x - x) / across) ** 2 + ((self.y - y) / up) ** 2 <= 1, np.float32)

    def polygon(self, points: Sequence[tuple[float, float]]) -> Mask:
        """Return the mask of a simple polygon (even-odd rule)."""
        inside = np.zeros(self.layers.shape[:2], bool)
        for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
            if y0 == y1:
                continue
            crosses = (self.y > min(y0, y1)) & (self.y <= max(y0, y1))
            inside ^= crosses & (self.x < x0 + (self.y - y0) * (x1 - x0) / (y1 - y0))
        return inside.astype(np.float32)

    def stroke(self, x0: float, y0: float, x1: float, y1: float, width: float, aspect: float = 1.0) -> Mask:
        """Return the mask of a thick line; ``aspect`` is the picture's height over its width in the world."""
        px, py = self.x - x0, (self.y - y0) * aspect
        dx, dy = x1 - x0, (y1 - y0) * aspect
        part = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        return np.asarray((px - part * dx) ** 2 + (py - part * dy) ** 2 <= (width / 2) ** 2, np.float32)

    def paint(self, mask: Mask, colour: Colour | NDArray[np.float32], tint: float = 0.0, cover: float = 1.0) -> None:
        """Paint a colour (3) or (H, W, 3) where the mask is 1; ``cover`` 0 cuts a hole."""
        weight = mask[..., None]
        layer = np.empty_like(self.layers)
        layer[..., :3] = colour
        layer[..., 3] = cover
        layer[..., 4] = tint
        self.layers += (layer - self.layers) * weight

    def shade(self, factor: NDArray[np.floating], mask: Mask | None = None) -> None:
        """Multiply the colours by a factor (H, W) where the mask is 1."""
        change = np.broadcast_to(factor, self.layers.shape[:2])
        if mask is not None:
            change = 1 + (change - 1) * mask
        self.layers[..., :3] *= change[..., None]

    def texture(self) -> NDArray[np.uint8]:
        """Return the finished texture (height, width, 5) uint8, premultiplied by coverage."""
        layers = self.layers.copy()
        np.clip(layers, 0, 1, out=layers)
        layers[..., :3] *= layers[..., 3:4]
        layers[..., 4] *= layers[..., 3]
        h, w = layers.shape[:2]
        small = layers.reshape(h // 2, 2, w // 2, 2, 5).mean((1, 3))
        return np.asarray(small * 255 + 0.5, np.uint8)


def speckle(rng: np.random.Generator, shape: tuple[int, int], cells: int, amount: float) -> NDArray[np.float32]:
    """Return factors around 1 (h, w) that form smooth blotches, ``cells`` of them across."""
    coarse = rng.normal(1.0, amount, (max(2, cells * shape[0] // shape[1]), cells)).astype(np.float32)
    rows = np.linspace(0, coarse.shape[0] - 1, shape[0], dtype=np.float32)
    columns = np.linspace(0, cells - 1, shape[1], dtype=np.float32)
    i = np.minimum(rows.astype(int), coarse.shape[0] - 2)
    j = np.minimum(columns.astype(int), cells - 2)
    fy, fx = (rows - i)[:, None], (columns - j)[None, :]
    top = coarse[i][:, j] * (1 - fx) + coarse[i][:, j + 1] * fx
    bottom = coarse[i + 1][:, j] * (1 - fx) + coarse[i + 1][:, j + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy, np.float32)
