"""What a scheme reached at each distance, the readings of it that are in use, and how sure they are."""

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
    "Reading", "Scores", "average", "average_retention", "bounds", "difference", "drawn_times", "worst",
    "worst_retention",
]  # fmt: skip

Values = NDArray[np.float64]

# Takes mIoU by distance (..., n), distance 0 being the keyframe itself, to one value each (...).
Reading = Callable[[Values], Values]


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
    """Return the percentile interval of resampled values that holds ``level`` of them."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def drawn_times(count: int, block: int, draws: int, seed: int) -> Values:
    """Return how often each of ``count`` targets is drawn, (draws, count), ``block`` neighbours at a time.

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
    last keyframe; p = 0 is the keyframe itself, so frame by frame. All mIoUs are in [0, 1]; a distance has one matrix,
    summed over its targets, and so one mIoU.
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
        """Mean of the distances 1 .. n-1: what intermediate frames get."""
        return float(average(self.by_distance))

    @property
    def worst(self) -> float:
        """Minimum of the distances: what no intermediate frame's distance falls below."""
        return float(worst(self.by_distance))

    @property
    def average_with_keyframes(self) -> float:
        """Mean of the distances 0 .. n-1, the paper's average: each of them weighs the same, keyframes included."""
        return float(self.by_distance.mean())

    @property
    def pooled(self) -> float:
        """MIoU of one confusion matrix over all distances 0 .. n-1 ("pooled rotation"): what a viewer of the whole
        video gets, all offsets of the keyframes being equally likely.
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
        """Return mIoU by distance, (draws, n), of as many sets of targets drawn with replacement.

        Blocks of ``block`` neighbouring targets are drawn (the last one continues with the first), because the frames
        of a drive resemble their neighbours; 1 for targets from different videos. All distances see the same draw,
        and so do other ``Scores`` of as many targets: their difference, draw by draw, is a paired comparison. Raises
        ``ValueError`` for fewer targets than two blocks.
        """
        times = drawn_times(len(self.frames), block, draws, seed)
        # A distance at a time: the matrices of all draws need not fit in memory together.
        columns = [mean_iou(np.tensordot(times, matrices, 1)) for matrices in self.matrices.astype(np.float64)]
        return np.stack(columns, 1)

    def summary(self, *, block: int | None = 10, draws: int = 2000, seed: int = 0) -> Metrics:
        """Return every reading under its name, in percent, for a result file; intervals are 95 % (see
        ``resampled``), and left out where ``block`` is None.
        """
        drawn = None if block is None else self.resampled(block=block, draws=draws, seed=seed)
        readings: tuple[Reading, ...] = (average, worst, average_retention, worst_retention)
        found: dict[str, Any] = {
            "targets": len(self.frames),
            "every_frame": 100 * self.every_frame,
            "by_distance": [100 * float(value) for value in self.by_distance[1:]],
            "average_with_keyframes": 100 * self.average_with_keyframes,
            "pooled": 100 * self.pooled,
        }
        if drawn is not None:
            found["by_distance_interval"] = [[100 * value for value in bounds(column)] for column in drawn.T[1:]]
        for reading in readings:
            found[reading.__name__] = 100 * float(reading(self.by_distance))
            if drawn is not None:
                found[f"{reading.__name__}_interval"] = [100 * value for value in bounds(reading(drawn))]
        return cast(Metrics, found)

    def __repr__(self) -> str:
        return f"Scores({len(self.matrices)} distances, {len(self.frames)} targets, mIoU {100 * self.average:.1f})"


def difference(
    scores: Scores, other: Scores, reading: Reading, *, block: int = 10, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return ``reading`` of ``scores`` less that of ``other``, and its 95 % interval (value, low, high).

    Both are read on the same drawn targets, so what makes some frames harder than others cancels. Raises ``ValueError``
    where their targets differ.
    """
    if scores.frames != other.frames:
        raise ValueError("scores of different target frames cannot be compared")
    a, b = (reading(each.resampled(block=block, draws=draws, seed=seed)) for each in (scores, other))
    return float(reading(scores.by_distance) - reading(other.by_distance)), *bounds(a - b)
