"""Data: loads labelled street images into memory and augments them in batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from warpseg.classes import CAMVID, IGNORE

__all__ = ["Labelled", "augment", "load_camvid"]


@dataclass(frozen=True)
class Labelled:
    """Images with their labels."""

    images: Tensor  # (n, 3, H, W) uint8 RGB
    labels: Tensor  # (n, H, W) uint8, 255 for pixels that neither train nor score

    def __len__(self) -> int:
        return len(self.images)


def load_camvid(root: Path, split: str) -> Labelled:
    """Load one split of CamVid: the PNGs of ``root/split``, and ``root/splitannot`` with the same names.

    Raises ``FileNotFoundError`` if there are none.
    """
    images, labels = [], []
    for path in sorted((root / split).glob("*.png")):
        images.append(np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1))
        label = np.array(Image.open(root / f"{split}annot" / path.name))
        label[label >= len(CAMVID)] = IGNORE
        labels.append(label)
    if not images:
        raise FileNotFoundError(
            f"{root / split}: no PNG images; --data must name the folder with train/ and trainannot/"
        )
    return Labelled(torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(labels)))


def augment(
    images: Tensor, labels: Tensor, size: tuple[int, int], scales: tuple[float, float], random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Scale, rotate slightly, flip, crop to ``size`` (height, width) and recolour, at random for each image.

    ``images`` is (n, 3, H, W) uint8, ``labels`` (n, H, W) uint8; ``scales`` is the range of the scale factor. Returns
    float RGB in [0, 255] (n, 3, height, width) and int64 labels (n, height, width), 255 outside of the image.
    """
    n, _, height, width = images.shape
    scale = torch.exp(torch.empty(n).uniform_(math.log(scales[0]), math.log(scales[1]), generator=random))
    angle = torch.empty(n).uniform_(-0.06, 0.06, generator=random)
    flip = torch.where(torch.rand(n, generator=random) < 0.5, -1.0, 1.0)
    half_w, half_h = size[1] / width / scale, size[0] / height / scale  # the crop's half size in grid_sample's units
    x0 = torch.empty(n).uniform_(-1, 1, generator=random) * (1 - half_w).abs()
    y0 = torch.empty(n).uniform_(-1, 1, generator=random) * (1 - half_h).abs()
    aspect = height / width
    theta = torch.stack(
        [
            torch.stack([flip * half_w * angle.cos(), -half_h * aspect * angle.sin(), x0], 1),
            torch.stack([flip * half_w / aspect * angle.sin(), half_h * angle.cos(), y0], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, [n, 3, *size], align_corners=False)
    out = F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
    marked = F.grid_sample(
        labels[:, None].float() - IGNORE, grid, mode="nearest", align_corners=False
    )  # outside: ignored
    return _recolour(out, random), (marked[:, 0] + IGNORE).round().long()


def _recolour(images: Tensor, random: torch.Generator) -> Tensor:
    def draw(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(len(images), channels, 1, 1).uniform_(low, high, generator=random)

    x = (images.clamp(0, 255) / 255) ** torch.exp(draw(-0.35, 0.35))
    x = x * draw(0.7, 1.35) * draw(0.92, 1.08, 3)
    grey, mean = x.mean(1, keepdim=True), x.mean((1, 2, 3), keepdim=True)
    x = grey + (x - grey) * draw(0.5, 1.5)
    x = mean + (x - mean) * draw(0.7, 1.35)
    noise = torch.randn(x.shape, generator=random) * draw(0, 0.02)
    return (x + noise).clamp(0, 1) * 255
