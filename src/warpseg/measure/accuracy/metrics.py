"""Metrics: confusion matrices, IoU of classes, mean IoU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.classes import IGNORE

__all__ = ["Matrix", "confusion", "iou", "mean_iou"]


Matrix = NDArray[np.int64]


def confusion(truth: NDArray[np.uint8], predicted: NDArray[Any], classes: int) -> Matrix:
    """Count pixels by (true class, predicted class) over two label maps of one shape; true 255 does not count.

    Returns (classes, classes). Raises ``ValueError`` for labels that are neither a class nor 255, and for maps of
    different shapes.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"truth is {truth.shape}, predicted {predicted.shape}; bring both to one size")
    if predicted.size and int(predicted.max()) >= classes:
        raise ValueError(f"predicted label {int(predicted.max())}: there are {classes} classes")
    # Void is counted too, in a row of its own, which is cheaper than leaving its pixels out.
    pairs = truth.astype(np.int32) * classes + predicted
    rows = np.bincount(pairs.ravel(), minlength=(IGNORE + 1) * classes).reshape(IGNORE + 1, classes)
    strange = np.flatnonzero(rows[classes:IGNORE].any(1))
    if len(strange):
        raise ValueError(f"true label {classes + int(strange[0])}: expected 0 to {classes - 1}, or {IGNORE} for void")
    return rows[:classes]


def iou(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Return each class's intersection over union in [0, 1], (..., classes) of matrices (..., classes, classes).

    NaN for classes that occur neither as truth nor as prediction.
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    union = matrix.sum(-2) + matrix.sum(-1) - hits
    shares = np.full(hits.shape, np.nan)
    np.divide(hits, union, out=shares, where=union > 0)
    return shares


def mean_iou(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean IoU over the classes that occur, (...) of (..., classes, classes); NaN where none does."""
    shares = iou(matrix)
    found = ~np.isnan(shares)
    mean = np.full(shares.shape[:-1], np.nan)
    np.divide(np.where(found, shares, 0).sum(-1), found.sum(-1), out=mean, where=found.any(-1))
    return mean
