"""Score of adaptive keyframes, on the same target frames as fixed intervals: several runs over the clip."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice, tee

import numpy as np

from warpseg.core.adaptive import Adaptive
from warpseg.core.keyframes import Policy, offsets
from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.datasets.clip import Clip
from warpseg.engine.method import Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.measure.accuracy.cache import Result
from warpseg.measure.accuracy.chunks import Chunk
from warpseg.measure.accuracy.consistency import compare, moves
from warpseg.measure.accuracy.metrics import Matrix, confusion
from warpseg.measure.accuracy.reference import ClipReference
from warpseg.measure.accuracy.results_adaptive import AdaptiveScores
from warpseg.types import Frame

__all__ = ["score_adaptive"]


def score_adaptive(
    clip: Clip, reference: ClipReference, setting: Method, segmenter: Segmenter, parts: Sequence[Chunk]
) -> Result:
    """Score a method with the interval ``auto`` on the targets of ``parts``.

    There are as many runs as the mean window has frames, as a fixed interval of that length would have. Run k begins at
    frame k of the clip, and all end with the last target's window, so that a policy has the state it would have in use.
    They go through the clip side by side, so memory does not grow with its length.
    """
    end, longest = parts[-1].last + 1, segmenter.method.policy.longest

    def frames() -> Iterator[Frame]:
        weights = setting.flow_weights if setting.motion == "flow" else None
        return islice(clip.frames(setting.motion, flow_weights=weights), end)

    with closing(clip.frames("none")) as opened:
        first = next(opened)
    # The runs end with the targets, not with the video: no keyframe is placed at the end.
    policy = segmenter.method.policy
    policy = replace(policy, closes=False) if isinstance(policy, Adaptive) else policy
    classes, network = reference.classes(first), reference.split(setting, segmenter, first)
    starts = range(min(max(math.ceil(_mean_window(frames(), policy)), 2), longest))
    tally = _Tally([i for part in parts for i in part.targets], longest, len(classes), starts)
    compared = {i for part in parts for i in range(max(part.new, part.first + 1), part.last + 1)}
    consistent, before = [(0, 0)], None
    # Consistency is along the motion "auto", whatever the method's own is.
    held = islice(clip.frames("auto"), end) if setting.motion != "auto" else None
    for estimates in _side_by_side(segmenter, policy, network, frames(), starts):
        frame = estimates[0].frame
        labels = Segmentation(estimates[0], classes).labels()
        motion = moves([frame if held is None else next(held)])
        if before is not None and frame.index in compared & motion.keys() and before.shape == labels.shape:
            consistent.append(compare(before, labels, motion[frame.index]))
        before = labels
        tally.step(estimates)
        if frame.index in tally.rows:
            truth = reference.truth(frame)
            found = [Segmentation(one, classes).labels(truth.shape) for one in (reference.estimate(frame), *estimates)]
            tally.add(frame.index, [confusion(truth, one, len(classes)) for one in found])
        reference.forget(frame.index + 1)
    return Result(tally.scores(), np.array(consistent[1:], np.int64).reshape(-1, 2), classes.names)


class _Tally:
    """Confusion matrices of the targets by run, and lengths of the runs' windows."""

    def __init__(self, targets: Sequence[int], longest: int, classes: int, starts: Sequence[int]) -> None:
        self.rows = {target: row for row, target in enumerate(targets)}
        shape = (len(targets), classes, classes)
        self._matrices, self._baseline = np.zeros((longest, *shape), np.int64), np.zeros((longest, *shape), np.int64)
        self._every, self._met = np.zeros(shape, np.int64), np.zeros((longest, len(targets)), np.bool_)
        self._starts = starts
        self._since = [0] * len(starts)  # frames from the last keyframe of each run
        self._windows = self._spanned = 0

    def step(self, estimates: Sequence[Estimate]) -> None:
        """Go on to the next frame, given the estimates of the runs that have begun."""
        for run, estimate in enumerate(estimates):
            if estimate.distance:
                self._since[run] += 1
                continue
            if estimate.frame.index > self._starts[run]:
                self._windows, self._spanned = self._windows + 1, self._spanned + self._since[run] + 1
            self._since[run] = 0

    def add(self, target: int, matrices: Sequence[Matrix]) -> None:
        """Add confusion matrices of a target: the network's own result, then each run's."""
        row = self.rows[target]
        self._every[row] = matrices[0]
        for p, matrix in zip(self._since, matrices[1:], strict=True):
            self._matrices[p, row] += matrix
            self._baseline[p, row] += matrices[0]
            self._met[p, row] = True

    def scores(self) -> AdaptiveScores:
        """Return the scores."""
        return AdaptiveScores(
            tuple(self.rows), self._matrices, self._baseline, self._every, self._met.sum(1), len(self._starts),
            self._windows, self._spanned,
        )  # fmt: skip


def _side_by_side(
    segmenter: Segmenter, policy: Policy, network: SplitNetwork, frames: Iterable[Frame], starts: Sequence[int]
) -> Iterator[list[Estimate]]:
    """Yield the estimates of the same frame by the runs that have begun."""
    feeds = tee(frames, len(starts))
    runs = [
        segmenter.estimates(islice(feed, start, None), network, policy)
        for feed, start in zip(feeds, starts, strict=True)
    ]
    del feeds  # the first of them would hold the whole clip
    begun = 1
    for estimate in runs[0]:
        yield [estimate, *(next(run) for run in runs[1:begun])]
        begun += 1


def _mean_window(frames: Iterable[Frame], policy: Policy) -> float:
    """Return the mean length of the policy's windows; keyframes follow from motion, without the network."""
    keys = [frame.index for p, frame in offsets(frames, policy) if p == 0]
    return (keys[-1] - keys[0]) / (len(keys) - 1) if len(keys) > 1 else float(policy.longest)
