"""GPU warp: warps and fuses the maps of two keyframes for all intermediate frames of a window in one launch.

The Triton kernel computes what ``core`` computes frame by frame on the CPU: sampling along paths, the photometric
error of both keyframes, confidence fusion. Every number is rounded as there; only the weight of the two keyframes
differs in its last bits, because it takes an exponential.
"""
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# (Triton ships no types)

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

__all__ = ["ConfidenceFusion", "warp_and_fuse"]

_BLOCK = 128  # cells per program


class ConfidenceFusion(NamedTuple):
    """Luma planes and constants of confidence fusion, by which the two keyframes' maps are weighted."""

    planes: Tensor  # (n + 1 or n + 2, rows, columns) uint8: of the keyframe, of n frames, of the next keyframe
    size: tuple[int, int]  # (height, width) of the full picture
    factor: int  # pixels of the picture per pixel of a plane, along each side
    margin: int  # pixels around the picture in each plane
    patch: int  # pixels along each side of the patches that are compared
    sharpness: float  # change of the weight's logit per grey level
    distance: float  # share of the logit of the given weight
    outside: float  # grey levels added to the error of a path that ends outside of the frame
    half_confidence: float  # photometric error, grey levels, at which confidence is one half


@triton.jit
def _corner(offsets, index, mask, cells):
    """Return the cell below the sampling position along one axis, the step to its neighbour, and the fraction."""
    at = index + tl.load(offsets, mask=mask, other=0.0) * cells
    at = tl.where(at > 0, tl.minimum(at, cells - 1), 0.0)  # compared this way round, a NaN becomes 0
    cell = at.to(tl.int32)
    return cell, tl.where(cell + 1 < cells, 1, 0), at - cell


@triton.jit
def _sample(plane, at, right, below, fx, fy, mask):
    """Sample one channel bilinearly, with border padding."""
    a = tl.load(plane + at, mask=mask, other=0.0)
    b = tl.load(plane + at + right, mask=mask, other=0.0)
    c = tl.load(plane + at + below, mask=mask, other=0.0)
    d = tl.load(plane + at + below + right, mask=mask, other=0.0)
    upper = a + fx * (b - a)
    lower = c + fx * (d - c)
    return upper + fy * (lower - upper)


@triton.jit
def _lerp(start, end, weight):
    """Interpolate as ``torch.lerp`` does: exact at weights 0 and 1, and between equal ends."""
    return tl.where(weight < 0.5, start + weight * (end - start), end - (end - start) * (1.0 - weight))


@triton.jit
def _patch_at(first, offsets, mask, size, last):
    """Return the first pixel, along one axis, of the patch that an offset leads to, clipped to the plane."""
    # In float64, as in motion.luma. Adding 1.5 * 2**52 leaves no bits for a fraction: rounded to nearest, ties to even.
    pixels = tl.load(offsets, mask=mask, other=0.0).to(tl.float64) * size
    rounded = pixels + 6755399441055744.0 - 6755399441055744.0
    return tl.minimum(tl.maximum(first + rounded, 0.0), last).to(tl.int32)


@triton.jit
def _outside(path_x, path_y, row, column, height, width, mask):
    """Return 1.0 where a path ends outside of the frame, else 0.0."""
    x = tl.div_rn(column + 0.5, tl.cast(column * 0 + width, tl.float32)) + tl.load(path_x, mask=mask, other=0.0)
    y = tl.div_rn(row + 0.5, tl.cast(row * 0 + height, tl.float32)) + tl.load(path_y, mask=mask, other=0.0)
    return tl.where((x >= 0) & (x <= 1) & (y >= 0) & (y <= 1), 0.0, 1.0)


@triton.jit
def _warp_block(  # arguments from `factor` to `half_confidence` in the order of ConfidenceFusion
    forward, backward, paths, weights, planes, out, confidence,
    channels, height, width, weight_step, cell_step, rows, columns, tall, wide, factor, margin,
    PATCH: tl.constexpr, sharpness, distance, outside, half_confidence, BLOCK: tl.constexpr,
):  # fmt: skip
    """Warp and fuse both maps for one block of cells of a frame; axis 0 of the grid counts blocks, axis 1 frames.

    Planes are ``rows`` x ``columns``, the picture is ``tall`` x ``wide``. With PATCH = 0, weights are used as given.
    """
    cells = height * width
    cell = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    row, column = cell // width, cell % width
    there = cell < cells
    frame = tl.program_id(1).to(tl.int64)  # all frames together may hold more than 2**31 scores

    alpha = tl.load(weights + frame * weight_step + cell * cell_step, mask=there, other=0.0)
    from_key, from_next = there & (alpha > 0), there & (alpha < 1)
    both = from_key & from_next
    key_x = paths + frame * 4 * cells + cell
    key_y, next_x, next_y = key_x + cells, key_x + 2 * cells, key_x + 3 * cells

    if PATCH > 0:
        full_height, full_width = tl.cast(tall, tl.float64) / factor, tl.cast(wide, tl.float64) / factor
        top = ((row.to(tl.float64) + 0.5) * full_height / height).to(tl.int32) - PATCH // 2 + margin
        left = ((column.to(tl.float64) + 0.5) * full_width / width).to(tl.int32) - PATCH // 2 + margin
        pixels = rows * columns
        here = planes + (frame + 1) * pixels + top * columns + left
        at_key = planes + _patch_at(top, key_y, from_key, full_height, rows - PATCH) * columns
        at_key += _patch_at(left, key_x, from_key, full_width, columns - PATCH)
        at_next = planes + (tl.num_programs(1) + 1).to(tl.int64) * pixels
        at_next += _patch_at(top, next_y, from_next, full_height, rows - PATCH) * columns
        at_next += _patch_at(left, next_x, from_next, full_width, columns - PATCH)
        key_sum, next_sum = tl.full([BLOCK], 0, tl.int32), tl.full([BLOCK], 0, tl.int32)
        for _ in range(PATCH):
            for k in tl.static_range(PATCH):
                own = tl.load(here + k, mask=there, other=0).to(tl.int32)
                key_sum += tl.abs(own - tl.load(at_key + k, mask=from_key, other=0).to(tl.int32))
                next_sum += tl.abs(own - tl.load(at_next + k, mask=from_next, other=0).to(tl.int32))
            here += columns
            at_key += columns
            at_next += columns
        by_key, by_next = key_sum * (1.0 / (PATCH * PATCH)), next_sum * (1.0 / (PATCH * PATCH))
        key_ends = _outside(key_x, key_y, row, column, height, width, both)
        next_ends = _outside(next_x, next_y, row, column, height, width, both)
        odds = tl.where(both, alpha, 0.5)
        favour = by_next - by_key + outside * (next_ends - key_ends)
        logit = favour * sharpness + distance * tl.log(odds / (1.0 - odds))
        alpha = tl.where(both, 1.0 / (1.0 + tl.exp(-logit)), alpha)
        unexplained = tl.div_rn(_lerp(by_next, by_key, alpha), tl.full([BLOCK], half_confidence, tl.float32))
        one = tl.full([BLOCK], 1.0, tl.float32)
        belief = tl.div_rn(one, one + unexplained * unexplained)
        tl.store(confidence + frame * cells + cell, belief, mask=there)

    x, key_right, key_fx = _corner(key_x, column, from_key, width)
    y, key_down, key_fy = _corner(key_y, row, from_key, height)
    key_at, key_below = y * width + x, key_down * width
    x, next_right, next_fx = _corner(next_x, column, from_next, width)
    y, next_down, next_fy = _corner(next_y, row, from_next, height)
    next_at, next_below = y * width + x, next_down * width
    out += frame * channels * cells
    for _ in range(channels):
        ahead = _sample(forward, key_at, key_right, key_below, key_fx, key_fy, from_key)
        behind = _sample(backward, next_at, next_right, next_below, next_fx, next_fy, from_next)
        fused = tl.where(both, _lerp(behind, ahead, alpha), tl.where(from_key, ahead, behind))
        tl.store(out + cell, fused, mask=there)
        forward += cells
        backward += cells
        out += cells


def warp_and_fuse(
    forward: Tensor, backward: Tensor | None, paths: Tensor, weights: Tensor, fusion: ConfidenceFusion | None = None
) -> tuple[Tensor, Tensor | None]:
    """Warp the maps of two keyframes to the n intermediate frames between them, and fuse them.

    All tensors are float32 (other maps are converted) and on one CUDA device, for which the function does not wait.

    Args:
        forward: The keyframe's map (C, h, w).
        backward: The next keyframe's map (C, h, w); may be None if all weights are 1.
        paths: Offsets (n, 2, 2, h, w), as in ``MotionField``, from each frame to the keyframe and to the next one.
        weights: Weights of the forward map in [0, 1], per frame (n) or per cell (n, h, w). Where a weight is 1, nothing
            is read from the backward map and path; where it is 0, nothing from the forward ones.
        fusion: Planes by whose photometric error weights between 0 and 1 are adjusted.

    Returns:
        The maps (n, C, h, w) and their confidence (n, h, w) in [0, 1], None without ``fusion``.

    Raises:
        ValueError: Shapes do not match.
    """
    forward = forward.detach().float().contiguous()
    backward = forward if backward is None else backward.detach().float().contiguous()
    channels, height, width = forward.shape
    frames = len(paths)
    if backward.shape != forward.shape or paths.shape[1:] != (2, 2, height, width):
        raise ValueError(
            f"maps {tuple(forward.shape)} and {tuple(backward.shape)}, paths {tuple(paths.shape)}: expected maps of "
            f"one shape and paths (frames, 2, 2, {height}, {width})"
        )
    if weights.shape not in ((frames,), (frames, height, width)):
        raise ValueError(f"weights {tuple(weights.shape)}: expected ({frames},) or ({frames}, {height}, {width})")
    steps = (height * width, 1) if weights.ndim == 3 else (1, 0)
    out = torch.empty((frames, channels, height, width), dtype=torch.float32, device=forward.device)
    confidence = None if fusion is None else out.new_empty((frames, height, width))
    if frames == 0:
        return out, confidence
    given = fusion or ConfidenceFusion(out, (1, 1), 1, 0, 0, 0.0, 0.0, 0.0, 1.0)  # a patch of 0: the kernel ignores it
    with torch.cuda.device_of(forward):
        _warp_block[(-(-height * width // _BLOCK), frames)](
            forward, backward, paths.contiguous(), weights.contiguous(), given.planes,
            out, out if confidence is None else confidence, channels, height, width, *steps,
            *given.planes.shape[-2:], *given.size, *given[2:], _BLOCK,
            enable_fp_fusion=False,  # round exactly as written, as the interpreter does
        )  # fmt: skip
    return out, confidence
