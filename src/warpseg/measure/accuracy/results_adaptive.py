"""What a scheme reached whose keyframes come as they are needed, read beside the fixed intervals."""

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

__all__ = ["UnevenScores", "added"]

_FEWEST, _SHARE = 5, 0.05  # targets, and share of them, that a distance is judged on at least


@dataclass(frozen=True, eq=False, repr=False)
class UnevenScores:
    """Confusion matrices of target frames, summed over runs that begin at different frames.

    Keyframes cannot be shifted past the targets as those of a fixed interval: each run chooses its own, so a target is
    met ``runs`` times, at whatever distances come. ``matrices[p, t]`` sums target ``t``'s over the runs where it lay
    p frames after the last keyframe; ``beside[p, t]`` is as often its matrix frame by frame, so that what is kept is
    told of the very same frames in the same number.
    """

    frames: tuple[int, ...]  # the targets' frame numbers, increasing; of several clips: their numbers
    matrices: Matrix  # (longest, targets, classes, classes)
    beside: Matrix  # (longest, targets, classes, classes)
    every: Matrix  # (targets, classes, classes): frame by frame, each target once
    met: NDArray[np.int64]  # (longest,): how many targets were met at each distance
    runs: int
    windows: int  # from keyframe to keyframe, in all runs
    spanned: int  # frames in these

    @property
    def mean_interval(self) -> float:
        """Frames from one keyframe to the next, on average over the windows of all runs."""
        return self.spanned / self.windows if self.windows else float(len(self.met))

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Which distances (longest,) enough targets were met at: 5 and a twentieth of them at least."""
        return np.asarray(self.met >= max(_FEWEST, math.ceil(_SHARE * self.met.max(initial=0))))

    @cached_property
    def between(self) -> Matrix:
        """What intermediate frames got: one matrix a target (targets, classes, classes)."""
        return np.asarray(self.matrices[1:].sum(0))

    def summary(self, *, block: int | None = 10, draws: int = 2000, seed: int = 0) -> Metrics:
        """Return the readings that ``Scores.summary`` has, in percent, as far as they can be had.

        ``average``: one matrix over all intermediate frames of all runs; ``worst``: the least of the distances that
        are ``judged``, None where none is; retentions are over frame by frame on the frames that each counts. There is
        no mean over distances with keyframes.
        """
        by_distance = 100 * mean_iou(self.matrices.sum(1))
        kept = by_distance / mean_iou(self.beside.sum(1))
        shown = self.judged.copy()
        shown[0] = False
        last = int(np.flatnonzero(shown).max(initial=0))
        beside = np.asarray(self.beside[1:].sum(0))
        average = 100 * float(mean_iou(self.between.sum(0)))
        found: Metrics = {
            "targets": len(self.frames),
            "every_frame": 100 * float(mean_iou(self.every.sum(0))),
            "by_distance": [float(by_distance[p]) if shown[p] else None for p in range(1, last + 1)],
            "average_with_keyframes": None,
            "pooled": 100 * float(mean_iou(self.matrices.sum((0, 1)))),
            "average": average,
            "worst": float(by_distance[shown].min()) if shown.any() else None,
            "average_retention": average / float(mean_iou(beside.sum(0))),
            "worst_retention": float(kept[shown].min()) if shown.any() else None,
        }
        if block is not None:
            times = drawn_times(len(self.frames), block, draws, seed)
            drawn = 100 * _drawn(times, self.between)
            found["average_interval"] = list(bounds(drawn))
            found["average_retention_interval"] = list(bounds(drawn / _drawn(times, beside)))
        found["mean_interval"] = self.mean_interval
        found["keyframe_share"] = 100 / self.mean_interval
        found["runs"] = self.runs
        return found

    def __repr__(self) -> str:
        return f"UnevenScores({len(self.frames)} targets, {self.runs} runs, every {self.mean_interval:.1f} frames)"


def added(scores: Sequence[UnevenScores]) -> UnevenScores:
    """Join several clips' scores, each summed as if it were one target."""

    def joined(name: str, axis: int) -> Matrix:
        return np.concatenate([getattr(one, name).sum(axis, keepdims=True) for one in scores], axis)

    return UnevenScores(
        tuple(range(len(scores))),
        joined("matrices", 1),
        joined("beside", 1),
        joined("every", 0),
        np.sum([one.met for one in scores], axis=0),
        max(one.runs for one in scores),
        sum(one.windows for one in scores),
        sum(one.spanned for one in scores),
    )


def _drawn(times: Values, matrices: Matrix) -> Values:
    return mean_iou(np.tensordot(times, matrices.astype(np.float64), 1))
