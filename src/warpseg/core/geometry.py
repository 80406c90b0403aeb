"""Geometry: maps moved along motion. Warp, follow, compose, invert; the one place where a direction changes sign.

Convention: a map is (..., h, w); cell centres have integer coordinates; an offset is a fraction of the frame (see
``MotionField``), so ``offset * (w, h)`` is in cells of the map at hand. Outside the frame the border value continues.
See docs/conventions.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from warpseg.core import geometry_cpu
from warpseg.types import MotionField

__all__ = [
    "blend", "compose", "follow", "inside", "interleaved", "invert", "negate", "resample", "sample", "warp",
]  # fmt: skip


def warp(x: Tensor, motion: MotionField) -> Tensor:
    """Bring a map of the other frame into this frame: ``out(p) = x(p + offset(p))`` (the paper's WARP, section 3.3).

    Bilinear, border padding, no parameters, differentiable in ``x`` and in the offsets. Zero motion returns ``x`` bit
    for bit. A linear function of channels commutes with it, bias included, because the four weights sum to one.

    Args:
        x: map (..., h, w) of the other frame, floating point.
        motion: from this frame to the other one, on any grid.

    Returns:
        The map in this frame, with the shape, type and device of ``x``.

    Examples:
        >>> x = torch.arange(4.0).reshape(1, 1, 4)
        >>> warp(x, MotionField(torch.tensor([1 / 4, 0.0])[:, None, None].expand(2, 1, 4), torch.ones(1, 4)))
        tensor([[[1., 2., 3., 3.]]])
    """
    return sample(x, resample(motion.offsets.to(x.device), (x.shape[-2], x.shape[-1])))


def sample(x: Tensor, offsets: Tensor) -> Tensor:
    """Sample ``x`` (..., h, w) bilinearly at ``index + offsets * (w, h)``; ``offsets`` is (2, h, w), or ValueError."""
    height, width = x.shape[-2:]
    if offsets.shape != (2, height, width):
        raise ValueError(f"offsets {tuple(offsets.shape)}: expected (2, {height}, {width}), the map's own grid")
    if _takes_kernels(x, offsets):
        maps = x.detach().reshape(-1, height, width).contiguous()
        out = torch.empty_like(maps)
        geometry_cpu.sample(maps.numpy(), offsets.detach().float().contiguous().numpy(), out.numpy())
        return out.reshape(x.shape)
    column, fx = _positions(offsets[0], width, -1)
    row, fy = _positions(offsets[1], height, -2)
    right, below = (column + 1).clamp(max=width - 1), (row + 1).clamp(max=height - 1)
    flat = x.flatten(-2)
    fx, fy = fx.flatten().to(x.dtype), fy.flatten().to(x.dtype)

    def at(y: Tensor, x: Tensor) -> Tensor:
        return flat.index_select(-1, (y * width + x).flatten())

    above = torch.lerp(at(row, column), at(row, right), fx)
    under = torch.lerp(at(below, column), at(below, right), fx)
    return torch.lerp(above, under, fy).reshape(x.shape)


def blend(x: Tensor, to_x: MotionField, y: Tensor, to_y: MotionField, share: float | Tensor) -> Tensor:
    """Return ``lerp(warp(y, to_y), warp(x, to_x), share)``; on the CPU in one pass, fastest for ``interleaved`` maps.

    Args:
        x: map (C, h, w) of one frame.
        to_x: motion from this frame to it.
        y: map (C, h, w) of another frame.
        to_y: motion from this frame to that one.
        share: weight of ``x`` in [0, 1], one for all cells or (h, w).

    Raises:
        ValueError: the maps differ in shape.
    """
    if x.shape != y.shape:
        raise ValueError(f"maps of {tuple(x.shape)} and {tuple(y.shape)}: only maps of one shape can be averaged")
    height, width = x.shape[-2:]
    paths = [resample(path.offsets.to(x.device), (height, width)) for path in (to_x, to_y)]
    shares = torch.as_tensor(share, dtype=torch.float32)
    if not (_takes_kernels(x, paths[0], shares) and _takes_kernels(y, paths[1])):
        return torch.lerp(sample(y, paths[1]), sample(x, paths[0]), share)
    first, second = (torch.as_strided(interleaved(each), (_lanes(x) * height * width,), (1,)) for each in (x, y))
    ways = [path.detach().float().contiguous().numpy() for path in paths]
    out = torch.empty(x.shape, dtype=torch.float32)
    of_first = shares.expand(height, width).contiguous().numpy()
    geometry_cpu.blend(first.numpy(), ways[0], second.numpy(), ways[1], of_first, out.numpy())
    return out


def interleaved(x: Tensor) -> Tensor:
    """Return a map (C, h, w) with the same values and each cell's channels adjacent in memory, as ``blend`` reads them.

    The map itself where it has that layout already, or where the CPU kernels do not take it.
    """
    if not _takes_kernels(x) or x.ndim != 3:
        return x
    channels, height, width = x.shape
    lanes = _lanes(x)
    whole = x.storage_offset() == 0 and x.untyped_storage().nbytes() == 4 * height * width * lanes
    if whole and x.stride() == (1, width * lanes, lanes):
        return x
    padded = torch.zeros(height, width, lanes, dtype=torch.float32)
    padded[..., :channels] = x.detach().permute(1, 2, 0)
    return padded[..., :channels].permute(2, 0, 1)


def _lanes(x: Tensor) -> int:
    """Return the channels of a map, rounded up to the number that is sampled together."""
    return -(-len(x) // geometry_cpu.LANES) * geometry_cpu.LANES


def _takes_kernels(x: Tensor, *others: Tensor) -> bool:
    """Return whether the CPU kernels take a map: float32, and no gradient wanted."""
    wanted = torch.is_grad_enabled() and any(each.requires_grad for each in (x, *others))
    return x.device.type == "cpu" and x.dtype == torch.float32 and not wanted


def _positions(offset: Tensor, size: int, dim: int) -> tuple[Tensor, Tensor]:
    """Return the cell below each sampling position along one axis, and the remaining fraction (zero for zero offset,
    exactly).
    """
    index = torch.arange(size, device=offset.device, dtype=torch.float32)
    position = (index if dim == -1 else index[:, None]) + offset * size
    position = position.clamp(0, size - 1)
    cell = position.detach().floor()
    return cell.long(), position - cell


def resample(offsets: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring an offset field (2, h, w) to another grid: averaged where it gets coarser, bilinear where it gets finer."""
    if (offsets.shape[-2], offsets.shape[-1]) == size:
        return offsets
    coarser = size[0] < offsets.shape[-2] and size[1] < offsets.shape[-1]
    if coarser and offsets.shape[-2] % size[0] == 0 and offsets.shape[-1] % size[1] == 0:
        return F.adaptive_avg_pool2d(offsets, size)
    return F.interpolate(offsets[None], size=size, mode="bilinear", align_corners=False, antialias=coarser)[0]


def follow(motions: Iterable[MotionField], size: tuple[int, int]) -> MotionField:
    """Chain any number of fields: follow each cell centre from this frame through all of them, in order.

    Each step takes the offset of the cell that the point lies in, so motion stays sharp at object boundaries however
    long the path is; composing field by field would smooth it step by step.

    Args:
        motions: each leads on from the frame that the one before it reaches.
        size: grid (h, w) of the result.

    Returns:
        The motion to the last frame; zero without motions. Confidence is the least along the way, and zero where the
        path leaves the frame.
    """
    start = _centres(size)
    points, confidence = start.clone(), torch.ones(size, dtype=torch.float32)
    for motion in motions:
        offsets, certainty = motion.offsets.cpu().contiguous(), motion.confidence.cpu().contiguous()
        geometry_cpu.advance(points.numpy(), confidence.numpy(), offsets.numpy(), certainty.numpy())
    return MotionField(points - start, confidence * inside(points - start))


def compose(first: MotionField, second: MotionField) -> MotionField:
    """Chain two fields: ``first`` leads from this frame to a middle one, ``second`` on from there.

    Exact for constant fields. On the grid of ``first``; confidence is the lesser of the two, and zero where the path
    leaves the frame on the way.
    """
    onward = torch.cat([resample(second.offsets, first.size), resample(second.confidence[None], first.size)])
    reached = sample(onward, first.offsets)
    confidence = torch.minimum(first.confidence, reached[2]) * inside(first.offsets)
    return MotionField(first.offsets + reached[:2], confidence)


def inside(offsets: Tensor) -> Tensor:
    """Return 1 where the cell centre plus offset lies in the frame, else 0; (h, w)."""
    if _takes_kernels(offsets):
        out = torch.empty(offsets.shape[-2:], dtype=torch.float32)
        geometry_cpu.inside(offsets.detach().contiguous().numpy(), out.numpy())
        return out
    height, width = offsets.shape[-2:]
    points = _centres((height, width)).to(offsets.device) + offsets
    return ((points >= 0) & (points <= 1)).all(0).float()


@lru_cache(maxsize=8)
def _centres(size: tuple[int, int]) -> Tensor:
    """Return the centres of a grid's cells, (2, h, w) in fractions of the frame; shared, so read-only."""
    across, down = ((torch.arange(side, dtype=torch.float32) + 0.5) / side for side in size[::-1])
    return torch.stack(torch.meshgrid(down, across, indexing="ij")[::-1]).contiguous()


def negate(motion: MotionField) -> MotionField:
    """Turn the direction around in place, as the paper does: right where motion is smooth, wrong at its edges."""
    return MotionField(-motion.offsets, motion.confidence)


def invert(motion: MotionField) -> MotionField:
    """Turn the direction around by splatting: each cell's offset, negated, is added where it points.

    Takes this frame -> other frame, returns other frame -> this frame on the same grid. Several offsets in a cell are
    averaged by weight; cells that none reaches (uncovered in the other frame) continue their neighbours' motion with
    confidence 0.
    """
    height, width = motion.size
    offsets = motion.offsets
    x = torch.arange(width, device=offsets.device) + offsets[0] * width
    y = torch.arange(height, device=offsets.device)[:, None] + offsets[1] * height
    x0, y0 = x.floor(), y.floor()
    values = torch.cat([-offsets, motion.confidence[None], torch.ones_like(motion.confidence)[None]]).flatten(1)
    landed = torch.zeros(4, height * width, dtype=offsets.dtype, device=offsets.device)
    for column, row in ((x0, y0), (x0 + 1, y0), (x0, y0 + 1), (x0 + 1, y0 + 1)):
        weight = (1 - (x - column).abs()) * (1 - (y - row).abs()) * (0.05 + motion.confidence)
        weight = weight * ((column >= 0) & (column < width) & (row >= 0) & (row < height))
        cell = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
        landed.index_add_(1, cell.flatten(), values * weight.flatten())
    landed = landed.reshape(4, height, width)
    return MotionField(*_fill(landed[:2], landed[3], landed[2]))


def _fill(weighted: Tensor, weight: Tensor, confidence: Tensor, enough: float = 0.25) -> tuple[Tensor, Tensor]:
    """Divide weighted sums (2, h, w) by their weights (h, w).

    Small weights take from the surroundings, coarse to fine.
    """
    share = (weight / enough).clamp(max=1)
    offsets = weighted / weight.clamp(min=1e-6)
    if max(weight.shape) > 1 and bool((share < 1).any()):
        stacked = torch.cat([weighted, weight[None], confidence[None]])
        pooled = F.avg_pool2d(stacked[None], 2, ceil_mode=True)[0]
        around, _ = _fill(pooled[:2], pooled[2], pooled[3], enough)
        around = F.interpolate(around[None], size=weight.shape, mode="bilinear", align_corners=False)[0]
        offsets = torch.lerp(around, offsets, share)
    return offsets, share * confidence / weight.clamp(min=1e-6)
