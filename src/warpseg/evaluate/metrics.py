"""Confusion matrices and what is read from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IGNORE", "confusion", "iou", "mean_iou"]

IGNORE = 255

Matrix = NDArray[np.int64]


def confusion(truth: NDArray[Any], predicted: NDArray[Any], classes: int) -> Matrix:
    """Count pixels by (true class, predicted class) over two label maps of one shape; true 255 does not count."""
    valid = truth != IGNORE
    pairs = truth[valid].astype(np.int64) * classes + predicted[valid]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def iou(matrix: Matrix) -> NDArray[np.float64]:
    """Return each class's intersection over union in [0, 1].

    NaN for classes that occur neither as truth nor as prediction.
    """
    union = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    shares = np.full(len(matrix), np.nan)
    np.divide(matrix.diagonal(), union, out=shares, where=union > 0)
    return shares


def mean_iou(matrix: Matrix) -> float:
    """Return the mean IoU over the classes that occur."""
    return float(np.nanmean(iou(matrix)))
