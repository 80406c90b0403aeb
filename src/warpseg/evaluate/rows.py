"""A setting's results on all clips as one row of a result file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.evaluate.accuracy import Result
from warpseg.evaluate.metrics import Matrix, iou
from warpseg.evaluate.scores import Scores

__all__ = ["block_of", "grouped", "merged", "row"]

_BLOCK = 10  # neighbouring frames that are drawn together


def merged(results: Sequence[Result]) -> Scores:
    """Join the clips' scores: the targets of one clip as they are, those of several summed, one target a clip."""
    if len(results) == 1:
        return results[0].scores
    sums = [result.scores.matrices.sum(1, keepdims=True) for result in results]
    return Scores(tuple(range(len(results))), np.concatenate(sums, 1))


def block_of(scores: Scores, clips: int) -> int | None:
    """Return how many neighbouring targets the bootstrap draws together: 1 for clips, at most 10 for frames.

    None where there are too few to draw from.
    """
    count = len(scores.frames)
    if count < 2:
        return None
    return 1 if clips > 1 else max(min(_BLOCK, count // 2), 1)


def grouped(matrices: Matrix, groups: Sequence[Sequence[int]]) -> Matrix:
    """Join classes: confusion matrices (..., classes, classes) to (..., groups, groups)."""
    member = np.zeros((len(groups), matrices.shape[-1]), np.int64)
    for group, classes in enumerate(groups):
        member[group, list(classes)] = 1
    joined: Matrix = member @ matrices @ member.T
    return joined


def row(results: Sequence[Result], categories: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Return what the clips' results are together, in percent; see ``docs/outputs.md`` for the names."""
    scores = merged(results)
    block = block_of(scores, len(results))
    by_distance = scores.matrices.sum(1)
    right = np.diagonal(by_distance, axis1=-2, axis2=-1).sum(-1) / by_distance.sum((-2, -1))
    found = scores.summary(block=block)
    found["targets"] = sum(len(result.scores.frames) for result in results)
    found["bootstrap"] = None if block is None else {"of": "clips" if len(results) > 1 else "frames", "block": block}
    found["per_class"] = _shares(by_distance)
    found["pixel_accuracy"] = _curve(right)
    if categories:
        joined = grouped(by_distance, [*categories.values()])
        found["per_category"] = _shares(joined)
        found["category_iou"] = _curve(np.nanmean(iou(joined), -1))
    equal, compared = np.concatenate([result.steady for result in results]).sum(0).tolist()
    found["temporal_consistency"] = 100 * equal / compared if compared else None
    cleaned: dict[str, Any] = _clean(found)
    return cleaned


def _shares(by_distance: Matrix) -> dict[str, Any]:
    """Return each class's IoU at every distance, on average over the intermediate ones, and pooled."""
    shares = iou(by_distance)
    between = shares[1:] if len(shares) > 1 else shares
    return {
        "every_frame": (100 * shares[0]).tolist(),
        "by_distance": (100 * shares[1:]).tolist(),
        "average": (100 * between.mean(0)).tolist(),
        "pooled": (100 * iou(by_distance.sum(0))).tolist(),
    }


def _curve(values: NDArray[np.float64]) -> dict[str, Any]:
    between = values[1:] if len(values) > 1 else values
    return {
        "every_frame": 100 * float(values[0]),
        "by_distance": (100 * values[1:]).tolist(),
        "average": 100 * float(between.mean()),
    }


def _clean(value: Any) -> Any:
    """Replace NaN (a class that does not occur), which JSON does not know, by None."""
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
