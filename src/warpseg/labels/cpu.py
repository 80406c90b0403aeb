"""Labels on the CPU: prepares the kernel's tables, follows torch's choice of arithmetic, and shares rows by thread."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warpseg.labels.cpu_kernel import BLOCK, label_blocks

__all__ = ["labels_cpu"]

_PIXELS_PER_THREAD = 1 << 17  # below this, waking a second thread costs more than it saves


class _Axis(NamedTuple):
    """Cells and weights along one axis, for one source and target length."""

    first: NDArray[np.int64]  # (source + 1): first target index of every cell, then the target length
    far: NDArray[np.int64]  # (source): source index of a cell's second corner; its first has the cell's own index
    w0: NDArray[np.float32]  # (target): weight of the first corner
    w1: NDArray[np.float32]  # (target): weight of the second corner
    widest: int  # most target indices of any cell


@lru_cache(maxsize=64)
def _axis(source: int, target: int, fused: bool) -> _Axis:
    """Lay out the cells of one axis in torch's own float32 arithmetic; ``fused`` rounds positions once, not twice."""
    cells = np.arange(source)
    if source == target:
        return _Axis(np.arange(source + 1), cells, np.ones(target, np.float32), np.zeros(target, np.float32), 1)
    scale = np.float32(source) / np.float32(target)
    centre = np.arange(target).astype(np.float32) + np.float32(0.5)
    if fused:
        position = (np.float64(scale) * centre.astype(np.float64) - 0.5).astype(np.float32)
    else:
        position = scale * centre - np.float32(0.5)
    position = np.maximum(position, np.float32(0))
    near = np.minimum(position.astype(np.int64), source - 1)
    w1 = np.clip(position - near.astype(np.float32), np.float32(0), np.float32(1))
    first = np.searchsorted(near, np.arange(source + 1)).astype(np.int64)
    return _Axis(first, np.minimum(cells + 1, source - 1), np.float32(1) - w1, w1, int(np.diff(first).max()))


@lru_cache(maxsize=4)
def _helpers(_process: int, count: int) -> ThreadPoolExecutor:
    """Return threads that outlive a call; a forked process gets its own, because it inherits none."""
    return ThreadPoolExecutor(count, thread_name_prefix="warpseg-labels")


def labels_cpu(scores: Tensor, size: tuple[int, int]) -> Tensor | None:
    """Label a float32 score map (C, h, w) at a size (H, W) that is at least (h, w).

    Returns (H, W) uint8 for C <= 255, otherwise int32; None if a score is infinite or NaN. Safe to call from several
    threads at once: the kernel is serial, and this function distributes rows over a few threads.
    """
    classes, height, width = scores.shape
    out = torch.empty(size, dtype=torch.uint8 if classes <= 255 else torch.int32)
    weights_first = _torch_multiplies_weights_first(scores, size)
    whole = classes // 8 * 8 if weights_first else None
    rows, columns = _axis(height, size[0], weights_first), _axis(width, size[1], weights_first)
    # Copied by NumPy, because a parallel torch operation leaves its threads spinning on the cores needed here.
    source, target = np.ascontiguousarray(scores.numpy()), out.numpy()
    threads = min(torch.get_num_threads(), os.cpu_count() or 1, -(-height // BLOCK), out.numel() // _PIXELS_PER_THREAD)
    if threads < 2:
        return out if label_blocks(source, target, 0, 1, rows, columns, whole) else None
    pool = _helpers(os.getpid(), threads - 1)
    parts = 2 * threads
    jobs: list[tuple[Any, ...]] = [(source, target, part, parts, rows, columns, whole) for part in range(parts)]
    futures = [pool.submit(label_blocks, *job) for job in jobs[1:]]
    finite = label_blocks(*jobs[0])
    for job, future in zip(jobs[:0:-1], futures[::-1], strict=True):
        # Jobs that no helper has begun are done here: a helper that waits for a core delays no one.
        finite &= label_blocks(*job) if future.cancel() else future.result()
    return out if finite else None


def _torch_multiplies_weights_first(scores: Tensor, size: tuple[int, int]) -> bool:
    """Return whether torch interpolates these scores with its kernel for channels-last memory."""
    classes = scores.shape[0]
    if sum(size) <= 128 or (classes == 3 and torch.get_num_threads() == 1):
        return True
    return classes > 3 and scores[None].is_contiguous(memory_format=torch.channels_last)
