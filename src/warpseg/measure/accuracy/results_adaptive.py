"""Results with adaptive keyframes: scores over several runs, comparable with those of fixed intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.evaluation_json import Metrics
from warpseg.measure.accuracy.metrics import Matrix, mean_iou
from warpseg.measure.accuracy.results import Values, bounds, drawn_times

__all__ = ["AdaptiveScores", "added"]

_FEWEST, _SHARE = 5, 0.05  # targets, and share of all, that a distance needs to be reported


@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveScores:
    """Confusion matrices of target frames, summed over runs that begin at different frames.

    Adaptive keyframes cannot be shifted past the targets: each run chooses its own, so a target occurs ``runs`` times,
    at varying distances. ``matrices[p, t]`` sums target ``t``'s matrices over the runs in which it lay p frames after
    the last keyframe; ``baseline[p, t]`` sums its matrix frame by frame as often, so that retention compares the same
    frames.
    """

    frames: tuple[int, ...]  # the targets' frame numbers, increasing; of several clips: their numbers
    matrices: Matrix  # (longest, targets, classes, classes)
    baseline: Matrix  # (longest, targets, classes, classes)
    every: Matrix  # (targets, classes, classes): frame by frame, each target once
    met: NDArray[np.int64]  # (longest,): number of targets that occurred at each distance
    runs: int
    windows: int  # from keyframe to keyframe, in all runs
    spanned: int  # frames in these

    @property
    def mean_interval(self) -> float:
        """Frames from one keyframe to the next, on average over the windows of all runs."""
        return self.spanned / self.windows if self.windows else float(len(self.met))

    @cached_property
    def enough(self) -> NDArray[np.bool_]:
        """Distances (longest,) at which enough targets occurred: at least 5 and a twentieth of them."""
        return np.asarray(self.met >= max(_FEWEST, math.ceil(_SHARE * self.met.max(initial=0))))

    @cached_property
    def between(self) -> Matrix:
        """Matrices of intermediate frames, one per target (targets, classes, classes)."""
        return np.asarray(self.matrices[1:].sum(0))

    def summary(self, *, block: int | None = 10, draws: int = 2000, seed: int = 0) -> Metrics:
        """Return the metrics of ``Scores.summary`` that adaptive keyframes have, in percent.

        ``average``: one matrix over all intermediate frames of all runs; ``worst``: the minimum over the distances with
        ``enough`` targets, None where there is none; retentions are over frame by frame on the same frames. There is no
        mean over distances with keyframes.
        """
        by_distance = 100 * mean_iou(self.matrices.sum(1))
        kept = by_distance / mean_iou(self.baseline.sum(1))
        shown = self.enough.copy()
        shown[0] = False
        last = int(np.flatnonzero(shown).max(initial=0))
        baseline = np.asarray(self.baseline[1:].sum(0))
        average = 100 * float(mean_iou(self.between.sum(0)))
        found: Metrics = {
            "targets": len(self.frames),
            "every_frame": 100 * float(mean_iou(self.every.sum(0))),
            "by_distance": [float(by_distance[p]) if shown[p] else None for p in range(1, last + 1)],
            "average_with_keyframes": None,
            "pooled": 100 * float(mean_iou(self.matrices.sum((0, 1)))),
            "average": average,
            "worst": float(by_distance[shown].min()) if shown.any() else None,
            "average_retention": average / float(mean_iou(baseline.sum(0))),
            "worst_retention": float(kept[shown].min()) if shown.any() else None,
        }
        if block is not None:
            times = drawn_times(len(self.frames), block, draws, seed)
            drawn = 100 * _drawn(times, self.between)
            found["average_interval"] = list(bounds(drawn))
            found["average_retention_interval"] = list(bounds(drawn / _drawn(times, baseline)))
        found["mean_interval"] = self.mean_interval
        found["keyframe_share"] = 100 / self.mean_interval
        found["runs"] = self.runs
        return found

    def __repr__(self) -> str:
        return f"AdaptiveScores({len(self.frames)} targets, {self.runs} runs, every {self.mean_interval:.1f} frames)"


def added(scores: Sequence[AdaptiveScores]) -> AdaptiveScores:
    """Join several clips' scores, each summed as if it were one target."""

    def joined(name: str, axis: int) -> Matrix:
        return np.concatenate([getattr(one, name).sum(axis, keepdims=True) for one in scores], axis)

    return AdaptiveScores(
        tuple(range(len(scores))),
        joined("matrices", 1),
        joined("baseline", 1),
        joined("every", 0),
        np.sum([one.met for one in scores], axis=0),
        max(one.runs for one in scores),
        sum(one.windows for one in scores),
        sum(one.spanned for one in scores),
    )


def _drawn(times: Values, matrices: Matrix) -> Values:
    return mean_iou(np.tensordot(times, matrices.astype(np.float64), 1))
