"""Methods: the schemes and fusions that benchmarks compare, by the names of tables.

The only module of the benchmarks that knows the signatures of schemes, fusions and propagations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from warpseg.core import schemes
from warpseg.core.fusion import confidence, maximum
from warpseg.core.keyframes import Policy
from warpseg.core.propagation import KeyframeMap, Propagated, chained, inverted, negated
from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.measure.accuracy.results import Scores
from warpseg.networks import Network, ScoreSpace
from warpseg.types import Frame, MotionField

__all__ = ["METHODS", "SHOWN", "Runner", "along", "composed_by", "confident", "propagated", "summary"]

Run = Callable[..., Iterator[Estimate]]

METHODS: dict[str, Run] = {
    "copy": schemes.copy_nearest,
    "propagate": schemes.propagate,
    "propagate, chained": partial(schemes.propagate, propagation=chained),
    "interpolate, average": schemes.interpolate,
    "interpolate, average, negated": partial(schemes.interpolate, reverse=negated),
    "interpolate, average, splatted": partial(schemes.interpolate, reverse=inverted),
    "interpolate, average, chained, negated": partial(schemes.interpolate, propagation=chained, reverse=negated),
    "interpolate, maximum": partial(schemes.interpolate, fuse=maximum),
    "interpolate, confidence": partial(schemes.interpolate, fuse=confidence),
}
SHOWN = ("copy", "propagate", "interpolate, average", "interpolate, maximum", "interpolate, confidence")


class Runner:
    """A network on one decoded clip that computes each frame's map once: scores where the method allows it."""

    def __init__(self, network: Network, frames: Sequence[Frame]) -> None:
        assert network.classes is not None
        self.frames, self.classes = frames, network.classes
        self._features = Remembering(network)
        self.maps = Remembering(ScoreSpace(network)) if network.linear_head else self._features

    def run(self, method: str, n: int | Policy, frames: Sequence[Frame]) -> Iterator[Estimate]:
        """Run a method; the maximum, which is not linear, is taken of features."""
        return METHODS[method](frames, self._features if "maximum" in method else self.maps, n)

    def every(self, frames: Iterable[Frame]) -> Iterator[Estimate]:
        """Run the network on each frame."""
        return schemes.every_frame(frames, self.maps)


def propagated(f: Tensor, path: MotionField, key: Frame, steps: int) -> Propagated:
    """Return a keyframe's map in the frame from which ``path`` leads to the keyframe."""
    return Propagated(KeyframeMap(f, key), path, steps)


def confident(frame: Frame, forward: Propagated, backward: Propagated, alpha: float) -> Tensor:
    """Return two propagated maps fused by confidence."""
    return confidence(frame, forward, backward, alpha).f


def composed_by(compose: Callable[[MotionField, MotionField], MotionField]) -> Run:
    """Return Algorithm 1 along paths made by composing each field with the path so far."""

    def propagation(f: Tensor, key: Frame) -> Callable[[MotionField], Propagated]:
        origin, paths = KeyframeMap(f, key), list[MotionField]()

        def step(mv: MotionField) -> Propagated:
            paths.append(compose(mv, paths[-1]) if paths else mv)
            return Propagated(origin, paths[-1], len(paths))

        return step

    return partial(schemes.propagate, propagation=propagation)


def along(
    path: Callable[[Frame, Frame, tuple[int, int]], MotionField],
    frames: Sequence[Frame],
    network: SplitNetwork,
    n: int,
) -> Iterator[Estimate]:
    """Run Algorithm 1 along given paths: ``path(frame, key, (h, w))`` leads from a frame to its keyframe."""
    for count, frame in enumerate(frames):
        if count % n == 0:
            key, f = frame, network.features(frame)
            yield Estimate(frame, 0, network.task(f))
        else:
            steps = frame.index - key.index
            there = propagated(f, path(frame, key, (f.shape[-2], f.shape[-1])), key, steps)
            yield Estimate(frame, steps, network.task(there.f))


def summary(scores: Scores, *, block: int = 10) -> dict[str, Any]:
    """Return what result files keep of scores, in percent, with 95 % intervals over blocks of neighbouring frames."""
    found: Mapping[str, Any] = scores.summary(block=min(block, max(len(scores.frames) // 3, 1)))
    readings = ("average", "worst", "average_retention", "worst_retention")
    kept = ["every_frame", "by_distance", *readings, *(f"{reading}_interval" for reading in readings[2:])]
    return {name: np.round(found[name], 5).tolist() for name in kept}
