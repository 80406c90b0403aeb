"""Labels: turns class scores into labels at full resolution, without ever writing the C x H x W score volume."""

from __future__ import annotations

import importlib.util
import logging
import platform
from functools import lru_cache

import torch
from torch import Tensor

from warpseg.labels.reference import labels_reference

__all__ = ["has_triton", "labels", "labels_reference"]

_log = logging.getLogger("warpseg")


def labels(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Upsample class scores bilinearly and take the best class of every pixel.

    The result is that of ``labels_reference`` (``interpolate`` and ``argmax`` in float32) for the same tensor, without
    a gradient. Where scores tie within rounding, it depends on the memory layout, as torch's own result does.

    On the CPU, a kernel evaluates only those cells between score centres that a class boundary crosses, with torch's
    own arithmetic. The reference itself, some hundred times slower, runs for sizes smaller than the map along either
    axis, for scores that are infinite or NaN, and on x86 without fused multiply-add. On CUDA, a Triton kernel handles
    every case; it rounds differently from torch, so its labels may differ where two scores tie within rounding.
    Without Triton, and on other devices, the reference runs.

    Args:
        scores: Class scores (C, h, w) of any floating type, memory layout and device.
        size: Size (H, W) of the labels in pixels.

    Returns:
        Class indices (H, W) on the device of ``scores``: uint8 for up to 255 classes, so that 255 stays free for
        "ignore", int32 for more.

    Raises:
        ValueError: ``scores`` is not 3-D or is empty, or ``size`` is not positive.
        TypeError: ``scores`` is not floating point.
    """
    if scores.ndim != 3 or 0 in scores.shape:
        raise ValueError(f"scores must be (classes, height, width), none of them 0, not {tuple(scores.shape)}")
    if not scores.is_floating_point():
        raise TypeError(f"scores must be floating point, not {scores.dtype}")
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least (1, 1), not {tuple(size)}")
    if _has_kernel(scores, height, width):
        from warpseg.labels.cpu import labels_cpu  # imports numba, which the reference does not need

        result = labels_cpu(scores.detach().float(), (height, width))
        if result is not None:
            return result
    if scores.is_cuda and has_triton():
        from warpseg.labels.gpu import labels_gpu

        return labels_gpu(scores[None], (height, width))[0]
    return labels_reference(scores, (height, width))


def _has_kernel(scores: Tensor, height: int, width: int) -> bool:
    """Return whether the CPU kernel reproduces torch's result for such scores."""
    if scores.device.type != "cpu" or height < scores.shape[1] or width < scores.shape[2]:
        return False
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return not (x86 and torch.backends.cpu.get_cpu_capability() == "DEFAULT")


@lru_cache(maxsize=1)
def has_triton() -> bool:
    """Return whether Triton is installed; if it is not, log once that GPU labels are slow without it."""
    found = importlib.util.find_spec("triton") is not None
    if not found:
        _log.warning("triton is not installed: labels on the GPU use torch's interpolate and argmax, which are slow")
    return found
