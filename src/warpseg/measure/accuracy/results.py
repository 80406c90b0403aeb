"""Results: scores of a scheme at each distance, their metrics, and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.evaluation_json import Metrics
from warpseg.measure.accuracy.metrics import Matrix, mean_iou

__all__ = [
    "Metric", "Scores", "average", "average_retention", "bounds", "difference", "drawn_times", "worst",
    "worst_retention",
]  # fmt: skip

Values = NDArray[np.float64]

# From mIoU by distance (..., n), distance 0 being the keyframe itself, to one value each (...).
Metric = Callable[[Values], Values]


def average(miou: Values) -> Values:
    """Mean over the intermediate distances 1 .. n-1 ("average"); of interval 1, the keyframe's own."""
    return np.asarray(_intermediate(miou).mean(-1))


def worst(miou: Values) -> Values:
    """Minimum over the intermediate distances ("worst", the paper's minimum); of interval 1, the keyframe's own."""
    return np.asarray(_intermediate(miou).min(-1))


def average_retention(miou: Values) -> Values:
    """``average`` over frame by frame on the same target frames."""
    return average(miou) / miou[..., 0]


def worst_retention(miou: Values) -> Values:
    """``worst`` over frame by frame on the same target frames."""
    return worst(miou) / miou[..., 0]


def _intermediate(miou: Values) -> Values:
    return miou[..., 1:] if miou.shape[-1] > 1 else miou


def bounds(values: Values, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval that contains ``level`` of the resampled values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def drawn_times(count: int, block: int, draws: int, seed: int) -> Values:
    """Draw targets with replacement, ``block`` neighbours at a time; return the count of each, (draws, count).

    The last target's neighbour is the first. Raises ``ValueError`` for fewer targets than two blocks.
    """
    if count < 2 * block:
        raise ValueError(f"{count} target frames are too few to draw blocks of {block}; at least {2 * block}")
    random = np.random.default_rng(seed)
    starts = random.integers(count, size=(draws, round(count / block), 1))
    drawn = (starts + np.arange(block)) % count
    times = np.zeros((draws, count))
    np.add.at(times, (np.arange(draws)[:, None, None], drawn), 1)
    return times


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Confusion matrices of the same target frames at each distance from the keyframe.

    ``matrices[p, t]`` counts the pixels of target ``t`` (true class, predicted class) where it lies p frames after the
    last keyframe; p = 0 is the keyframe itself, so frame by frame. All mIoUs are in [0, 1]; each distance has one
    matrix, summed over its targets, and therefore one mIoU.
    """

    frames: tuple[int, ...]  # the targets' frame numbers, increasing
    matrices: Matrix  # (n, targets, classes, classes)

    @cached_property
    def by_distance(self) -> Values:
        """MIoU at each distance 0 .. n-1, (n,)."""
        return mean_iou(self.matrices.sum(1))

    @property
    def every_frame(self) -> float:
        """MIoU of frame by frame."""
        return float(self.by_distance[0])

    @property
    def average(self) -> float:
        """Mean over the distances 1 .. n-1: the accuracy of intermediate frames."""
        return float(average(self.by_distance))

    @property
    def worst(self) -> float:
        """Minimum over the distances 1 .. n-1."""
        return float(worst(self.by_distance))

    @property
    def average_with_keyframes(self) -> float:
        """Mean over the distances 0 .. n-1, the paper's average: all weigh the same, keyframes included."""
        return float(self.by_distance.mean())

    @property
    def pooled(self) -> float:
        """MIoU of one confusion matrix over all distances 0 .. n-1 ("pooled rotation").

        The accuracy of the whole video, all offsets of the keyframes being equally likely.
        """
        return float(mean_iou(self.matrices.sum((0, 1))))

    @property
    def average_retention(self) -> float:
        """``average`` over ``every_frame``."""
        return float(average_retention(self.by_distance))

    @property
    def worst_retention(self) -> float:
        """``worst`` over ``every_frame``."""
        return float(worst_retention(self.by_distance))

    def resampled(self, *, block: int = 10, draws: int = 2000, seed: int = 0) -> Values:
        """Return mIoU by distance, (draws, n), for sets of targets drawn with replacement (block bootstrap).

        Blocks of ``block`` neighbouring targets are drawn, the last continuing with the first, because the frames of a
        drive resemble their neighbours (circular block bootstrap, Politis and Romano 1992); 1 for targets from
        different videos. All distances see the same draw, and so do other ``Scores`` of as many targets: their
        difference, draw by draw, is a paired comparison. Raises ``ValueError`` for fewer targets than two blocks.
        """
        times = drawn_times(len(self.frames), block, draws, seed)
        # One distance after another: the matrices of all draws need not fit in memory together.
        columns = [mean_iou(np.tensordot(times, matrices, 1)) for matrices in self.matrices.astype(np.float64)]
        return np.stack(columns, 1)

    def summary(self, *, block: int | None = 10, draws: int = 2000, seed: int = 0) -> Metrics:
        """Return all metrics in percent, with 95 % intervals (see ``resampled``) unless ``block`` is None."""
        drawn = None if block is None else self.resampled(block=block, draws=draws, seed=seed)
        metrics: tuple[Metric, ...] = (average, worst, average_retention, worst_retention)
        found: dict[str, Any] = {
            "targets": len(self.frames),
            "every_frame": 100 * self.every_frame,
            "by_distance": [100 * float(value) for value in self.by_distance[1:]],
            "average_with_keyframes": 100 * self.average_with_keyframes,
            "pooled": 100 * self.pooled,
        }
        if drawn is not None:
            found["by_distance_interval"] = [[100 * value for value in bounds(column)] for column in drawn.T[1:]]
        for metric in metrics:
            found[metric.__name__] = 100 * float(metric(self.by_distance))
            if drawn is not None:
                found[f"{metric.__name__}_interval"] = [100 * value for value in bounds(metric(drawn))]
        return cast(Metrics, found)

    def __repr__(self) -> str:
        return f"Scores({len(self.matrices)} distances, {len(self.frames)} targets, mIoU {100 * self.average:.1f})"


def difference(
    scores: Scores, other: Scores, metric: Metric, *, block: int = 10, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return ``metric`` of ``scores`` less that of ``other``, and its 95 % interval (value, low, high).

    Both are taken on the same drawn targets, so that differences between easy and hard frames cancel. Raises
    ``ValueError`` where their targets differ.
    """
    if scores.frames != other.frames:
        raise ValueError("scores of different target frames cannot be compared")
    a, b = (metric(each.resampled(block=block, draws=draws, seed=seed)) for each in (scores, other))
    return float(metric(scores.by_distance) - metric(other.by_distance)), *bounds(a - b)
