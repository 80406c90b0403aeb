"""Bounds within which the GPU's kernels may differ from the reference, in units of U, half an ulp of one."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tests.support.triton_kernels import DEVICE, cells

U = 2.0**-24


def seeded(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + 1000 * len(shape)))


def interpolation_bound(cells: tuple[int, int], size: tuple[int, int]) -> float:
    """Return how far, in U M, two ways of interpolating differ: five roundings each of up to M.

    Where the scale is no power of two, also by their positions along either axis, which have up to three roundings.
    """
    exact = all(math.log2(target / source).is_integer() for source, target in zip(cells, size, strict=True))
    return 10 if exact else 10 + 12 * max(cells)


def assert_labelled(found: Tensor, scores: Tensor, off: float = 0) -> float:
    """Compare labels (H, W) to those of scores (C, h, w), of which the kernel's may be ``off`` U M off.

    Returns the share of pixels at which the reference cannot tell, because the best two are nearer than roundings.
    """
    size = (found.shape[0], found.shape[1])
    bound = 2 * (off + interpolation_bound((scores.shape[1], scores.shape[2]), size)) * U * float(scores.abs().max())
    upsampled = interpolate(scores[None], size, mode="bilinear", align_corners=False)[0].double()
    best, first = upsampled.max(0)
    second = upsampled.scatter(0, first[None], -torch.inf).amax(0)
    clear = best - second > bound
    assert torch.equal(found.cpu().long()[clear], first[clear])
    assert (upsampled.gather(0, found.cpu().long()[None])[0] >= best - bound).all()
    return float((~clear).float().mean())


def carried(
    forward: Tensor, backward: Tensor | None, paths: Tensor, weights: Tensor, fusion: object = None
) -> tuple[Tensor, Tensor | None]:
    """Run the kernel on ``DEVICE`` and bring back what it found."""
    maps, confidence = cells.warp_and_fuse(
        forward.to(DEVICE),
        None if backward is None else backward.to(DEVICE),
        paths.to(DEVICE),
        weights.to(DEVICE),
        fusion,
    )
    return maps.cpu(), None if confidence is None else confidence.cpu()
