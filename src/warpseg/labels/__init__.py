"""Scores to labels at full resolution, as one operation that never writes the C x H x W score volume."""

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

    `scores` is (C, h, w) of any floating type, memory layout and device, `size` the (H, W) wanted. Returns (H, W) on
    the same device: uint8 for up to 255 classes, so that 255 stays free for "ignore", int32 for more. The result is
    that of `labels_reference` (float32 `interpolate` and `argmax`) for the same tensor, and carries no gradient. Where
    scores tie within rounding it depends on the memory layout, as torch's own does.

    On the CPU a kernel evaluates the cells between score centres that a class boundary crosses, with torch's own
    arithmetic. The reference itself, some hundred times slower, runs for sizes smaller than the map along either axis,
    for scores that are infinite or not a number, and on x86 without fused multiply-add. On a CUDA device a Triton
    kernel takes all of them, but rounds otherwise than torch, so that the result is another where two scores tie within
    rounding. Without Triton, and on other devices, it is the reference.

    Raises ValueError if the scores have no class, no cell or another number of dimensions, or if the size is not
    positive, and TypeError if the scores are not floating point.
    """
    if scores.ndim != 3 or 0 in scores.shape:
        raise ValueError(f"scores must be (classes, height, width), none of them 0, not {tuple(scores.shape)}")
    if not scores.is_floating_point():
        raise TypeError(f"scores must be floating point, not {scores.dtype}")
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least (1, 1), not {tuple(size)}")
    if _has_kernel(scores, height, width):
        from warpseg.labels.cpu import labels_cpu  # compiling on first use; not needed where only the reference runs

        result = labels_cpu(scores.detach().float(), (height, width))
        if result is not None:
            return result
    if scores.is_cuda and has_triton():
        from warpseg.labels.gpu import labels_gpu

        return labels_gpu(scores[None], (height, width))[0]
    return labels_reference(scores, (height, width))


def _has_kernel(scores: Tensor, height: int, width: int) -> bool:
    """Whether the CPU kernel does what torch does for such scores."""
    if scores.device.type != "cpu" or height < scores.shape[1] or width < scores.shape[2]:
        return False
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return not (x86 and torch.backends.cpu.get_cpu_capability() == "DEFAULT")


@lru_cache(maxsize=1)
def has_triton() -> bool:
    """Tell whether Triton can be imported, and once what it costs that it cannot."""
    found = importlib.util.find_spec("triton") is not None
    if not found:
        _log.warning("triton is not installed, so labels on the GPU take torch's interpolate and argmax, which is slow")
    return found
