"""Temporal consistency: share of pixels whose label moves with the picture, right or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from warpseg.core.geometry import resample
from warpseg.engine.segmentation import Segmentation
from warpseg.measure.accuracy.protocol import Scheme
from warpseg.types import Classes, Frame, MotionField

__all__ = ["Moves", "compare", "consistency", "moves"]

_UNLIKE = 0.2  # confidence below which the pictures show different things

# Motion to the previous frame, by frame number; absent for first frames and after cuts.
Moves = dict[int, MotionField]


def moves(frames: Iterable[Frame]) -> Moves:
    """Return the motion along which labels are compared."""
    return {frame.index: frame.motion for frame in frames if not frame.cut and frame.motion_source != "none"}


def consistency(frames: Sequence[Frame], scheme: Scheme, motion: Moves, classes: Classes) -> NDArray[np.int64]:
    """Count, for each frame with ``motion``, the pixels (equal, compared): (frames, 2).

    A pixel is equal if it has the label of the pixel in the previous frame to which its motion leads; pixels that were
    outside the previous frame, or where the pictures do not agree, are not compared.
    """
    found = [(0, 0)]
    results = (Segmentation(estimate, classes) for estimate in scheme(frames))
    labels = ((result.frame.index, result.labels()) for result in results)
    for (_, before), (index, now) in pairwise(labels):
        if index in motion and before.shape == now.shape:
            found.append(compare(before, now, motion[index]))
    return np.array(found[1:], np.int64).reshape(-1, 2)


def compare(before: NDArray[Any], now: NDArray[Any], motion: MotionField) -> tuple[int, int]:
    """Count the pixels (equal, compared) of labels and the previous frame's labels, both (height, width)."""
    height, width = now.shape
    offsets = resample(motion.offsets, (height, width)).numpy()
    x = np.rint(np.arange(width, dtype=np.float32) + offsets[0] * width).astype(np.int32)
    y = np.rint(np.arange(height, dtype=np.float32)[:, None] + offsets[1] * height).astype(np.int32)
    sure = F.interpolate(motion.confidence[None, None], size=(height, width), mode="nearest")[0, 0] >= _UNLIKE
    seen = torch.Tensor.numpy(sure) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    moved = before[y.clip(0, height - 1), x.clip(0, width - 1)]
    return int((seen & (moved == now)).sum()), int(seen.sum())
