"""Accuracy at each distance from the keyframe, all on the same target frames (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.evaluate.metrics import Matrix, confusion
from warpseg.schemes import Estimate
from warpseg.segmentation import Segmentation
from warpseg.types import Classes, Frame

__all__ = ["by_offset"]

Scheme = Callable[[Iterable[Frame]], Iterator[Estimate]]


def by_offset(
    frames: Sequence[Frame], truth: Mapping[int, NDArray[Any]], scheme: Scheme, n: int, classes: Classes
) -> list[Matrix]:
    """Return one confusion matrix for each offset p = 0 .. n-1 from the previous keyframe.

    The keyframes are shifted n times, so that each target frame is met at every offset; targets are the frames of
    ``truth`` (labels by frame number) that lie in a whole window at each shift. ``scheme`` is run once a shift: give
    it a network that remembers features, for accuracy alone.
    """
    targets = range(n - 1, len(frames) - n + 1)
    matrices = [np.zeros((len(classes), len(classes)), np.int64) for _ in range(n)]
    for shift in range(n):
        for t, estimate in enumerate(scheme(frames[shift:]), shift):
            label = truth.get(estimate.frame.index)
            if t in targets and label is not None:
                predicted = Segmentation(estimate, classes).labels(label.shape)
                matrices[(t - shift) % n] += confusion(label, predicted, len(classes))
    return matrices
