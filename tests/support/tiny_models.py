"""Small networks for the command line's tests, loaded as ``f"py:{MODELS}:NAME"``."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

MODELS = Path(__file__)


class Tiny(nn.Module):
    """Scores at stride 8 from the mean colour of each cell; no training needed."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weights = nn.Parameter(torch.randn(classes, 3, 1, 1, generator=generator))

    def forward(self, rgb: Tensor) -> Tensor:
        cells = nn.functional.adaptive_avg_pool2d(rgb, (-(-rgb.shape[-2] // 8), -(-rgb.shape[-1] // 8)))
        return nn.functional.conv2d(cells - 0.5, self.weights)


def tiny() -> nn.Module:
    return Tiny(5)


def eleven() -> nn.Module:
    return Tiny(11)


def nineteen() -> nn.Module:
    return Tiny(19)


class Bright(nn.Module):
    """Class 0 (Cityscapes' road) where it is bright, 2 (building) elsewhere, of 19."""

    def forward(self, rgb: Tensor) -> Tensor:
        light = nn.functional.avg_pool2d(rgb.mean(1, keepdim=True), 8) - 0.5
        scores = torch.full((1, 19, *light.shape[-2:]), -1.0)
        scores[:, 0], scores[:, 2] = light[:, 0], -light[:, 0]
        return scores


def bright() -> nn.Module:
    return Bright()


def many() -> nn.Module:
    return Tiny(300)


class Slow(Tiny):
    """Takes its time, so that a test can interrupt it."""

    def forward(self, rgb: Tensor) -> Tensor:
        import time

        time.sleep(0.05)
        return super().forward(rgb)


def slow() -> nn.Module:
    return Slow(5)


class Broken(Tiny):
    """Fails on its first picture."""

    def forward(self, rgb: Tensor) -> Tensor:
        raise RuntimeError("no such thing as\na picture")


def broken() -> nn.Module:
    return Broken(5)


def unbuildable() -> nn.Module:
    raise ImportError("a library that is not there")
