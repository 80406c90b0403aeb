"""Summary: results of a method on all clips as one row of a result file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.cache import Result
from warpseg.measure.accuracy.evaluation_json import ByClass, Curve, Results
from warpseg.measure.accuracy.metrics import Matrix, iou, mean_iou
from warpseg.measure.accuracy.results import Scores
from warpseg.measure.accuracy.results_adaptive import AdaptiveScores, added

__all__ = ["block_of", "grouped", "merged", "row"]

_BLOCK = 10  # neighbouring frames that are drawn together


def merged(results: Sequence[Result]) -> Scores | AdaptiveScores:
    """Join the clips' scores: one clip keeps its targets; of several, each clip is summed into one target."""
    if len(results) == 1:
        return results[0].scores
    adaptive = [result.scores for result in results if isinstance(result.scores, AdaptiveScores)]
    if adaptive:
        return added(adaptive)
    sums = [result.scores.matrices.sum(1, keepdims=True) for result in results]
    return Scores(tuple(range(len(results))), np.concatenate(sums, 1))


def block_of(targets: int, clips: int) -> int | None:
    """Return the number of neighbouring targets that the bootstrap draws together: 1 for clips, at most 10 for frames.

    None where there are too few targets.
    """
    if targets < 2:
        return None
    return 1 if clips > 1 else max(min(_BLOCK, targets // 2), 1)


def grouped(matrices: Matrix, groups: Sequence[Sequence[int]]) -> Matrix:
    """Join classes: confusion matrices (..., classes, classes) to (..., groups, groups)."""
    member = np.zeros((len(groups), matrices.shape[-1]), np.int64)
    for group, classes in enumerate(groups):
        member[group, list(classes)] = 1
    joined: Matrix = member @ matrices @ member.T
    return joined


def row(results: Sequence[Result], categories: Mapping[str, Sequence[int]]) -> Results:
    """Return the results of a method on all clips together, in percent."""
    scores = merged(results)
    block = block_of(len(scores.frames), len(results))
    found: dict[str, Any] = dict(scores.summary(block=block))
    found["targets"] = sum(len(result.scores.frames) for result in results)
    found["bootstrap"] = None if block is None else {"of": "clips" if len(results) > 1 else "frames", "block": block}
    parts = _Parts.of(scores)
    found["per_class"] = parts.shares()
    found["pixel_accuracy"] = parts.curve(_right)
    if categories:
        joined = parts.grouped([*categories.values()])
        found["per_category"] = joined.shares()
        found["category_iou"] = joined.curve(mean_iou)
    equal, compared = np.concatenate([result.consistency for result in results]).sum(0).tolist()
    found["temporal_consistency"] = 100 * equal / compared if compared else None
    return cast(Results, _clean(found))


@dataclass(frozen=True)
class _Parts:
    """Matrices (..., classes, classes) from which metrics of classes and pixels are taken."""

    every: Matrix  # frame by frame
    by_distance: Matrix  # (distances, ...): from 1 on, zero where too few targets occurred
    between: Matrix  # (k, ...), whose mean is the metric "average"
    pooled: Matrix

    @classmethod
    def of(cls, scores: Scores | AdaptiveScores) -> _Parts:
        """Take them from scores, in the same way as the scores' own metrics."""
        matrices = scores.matrices.sum(1)
        if isinstance(scores, Scores):
            between = matrices[1:] if len(matrices) > 1 else matrices
            return cls(matrices[0], matrices[1:], between, matrices.sum(0))
        shown = np.where(scores.enough[1:, None, None], matrices[1:], 0)
        last = int(np.flatnonzero(scores.enough).max(initial=0))
        return cls(scores.every.sum(0), shown[:last], scores.between.sum(0)[None], matrices.sum(0))

    def grouped(self, groups: Sequence[Sequence[int]]) -> _Parts:
        """Join classes."""
        return _Parts(
            *(grouped(matrix, groups) for matrix in (self.every, self.by_distance, self.between, self.pooled))
        )

    def shares(self) -> ByClass:
        """Return each class's IoU frame by frame, at every distance, on average between keyframes, and pooled."""
        return {
            "every_frame": (100 * iou(self.every)).tolist(),
            "by_distance": (100 * iou(self.by_distance)).tolist(),
            "average": (100 * iou(self.between).mean(0)).tolist(),
            "pooled": (100 * iou(self.pooled)).tolist(),
        }

    def curve(self, metric: Callable[[Matrix], NDArray[np.float64]]) -> Curve:
        """Return a metric of matrices frame by frame, at every distance, and on average between keyframes."""
        return {
            "every_frame": 100 * float(metric(self.every)),
            "by_distance": (100 * metric(self.by_distance)).tolist(),
            "average": 100 * float(metric(self.between).mean()),
        }


def _right(matrices: Matrix) -> NDArray[np.float64]:
    """Return the share of pixels that are right, NaN where there are none."""
    total = matrices.sum((-2, -1))
    found = np.full(total.shape, np.nan)
    np.divide(np.trace(matrices, axis1=-2, axis2=-1), total, out=found, where=total > 0)
    return found


def _clean(value: Any) -> Any:
    """Replace NaN (a class that does not occur) by None: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
