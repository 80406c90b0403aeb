"""THE PAPER: frame by frame, nearest copy, Algorithm 1 and Algorithm 2.

Letters are the paper's: ``n`` keyframe interval, ``p`` offset from the keyframe, ``f`` features, ``S`` what the task
network makes of them, ``mv`` motion. Line numbers in comments are the paper's; ``docs/paper.md`` lists where and why
the code deviates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor

from warpseg.core.fusion import Fusion, average
from warpseg.core.geometry import blend, follow, interleaved, invert, negate, warp
from warpseg.core.keyframes import Policy, alphas, distances, windows
from warpseg.types import Frame, MotionField

__all__ = [
    "Carried", "Estimate", "Judge", "Propagation", "Reverse", "SplitNetwork", "Verdict",
    "by_distance", "chained", "composed", "copy_nearest", "every_frame", "interpolate", "inverted", "negated",
    "propagate", "searched",
]  # fmt: skip


class SplitNetwork(Protocol):
    """The paper's two components of a segmentation network (section 3.1)."""

    def features(self, frame: Frame) -> Tensor:
        """Run ``N_feat``: return the map (channels, h, w) that is carried between frames."""

    def task(self, f: Tensor) -> Tensor:
        """Run ``N_task`` as far as scores (classes, h, w); upsampling to labels follows where they are wanted."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a scheme says of one frame."""

    frame: Frame
    distance: int  # frames to the nearest keyframe it was made from; 0 for a keyframe
    scores: Tensor  # (classes, h, w)
    confidence: Tensor | None = None  # (h, w) in [0, 1], None where nobody judged


class Carried(NamedTuple):
    """A keyframe's map on its way to another frame."""

    origin: Tensor
    path: MotionField | None  # from that frame to the keyframe; None where the map is there already
    key: Frame

    @property
    def f(self) -> Tensor:
        """The map in that frame: warped when asked for, so that a window of maps need not wait in memory."""
        return self.origin if self.path is None else warp(self.origin, self.path)


class Verdict(NamedTuple):
    """What a frame makes of the maps that were carried to it."""

    alpha: float | Tensor  # weight of the forward map in [0, 1], one for all cells or (h, w)
    confidence: Tensor | None = None  # (h, w) in [0, 1]


# How a map is carried on, one frame's motion at a time: called with the keyframe's map, it returns a function that
# takes each next motion and returns the map in that frame.
Propagation = Callable[[Tensor, Frame], Callable[[MotionField], Carried]]

# The motion from the previous frame to this one, which leads maps back from the next keyframe.
Reverse = Callable[[Frame], MotionField]

# Weighs the map carried from the previous keyframe against that from the next one; either may be missing. The number is
# the paper's weight of the former.
Judge = Callable[[Frame, Carried | None, Carried | None, float], Verdict]


def by_distance(frame: Frame, forward: Carried | None, backward: Carried | None, alpha: float) -> Verdict:
    """Weigh by distance alone, as the paper does (line 12)."""
    return Verdict(alpha)


def chained(f: Tensor, key: Frame) -> Callable[[MotionField], Carried]:
    """Carry as printed in the paper: warp the last frame's map by one frame's motion; each step blurs a little."""
    f_c = f

    def carry(mv: MotionField) -> Carried:
        nonlocal f_c
        f_c = warp(f_c, mv)  # Algorithm 1, lines 7 and 10; Algorithm 2, line 21
        return Carried(f_c, None, key)

    return carry


def composed(f: Tensor, key: Frame) -> Callable[[MotionField], Carried]:
    """Carry by following the motion all the way to the keyframe, and warp the keyframe's own map once."""
    since_key: list[MotionField] = []  # the newest first

    def carry(mv: MotionField) -> Carried:
        since_key.insert(0, mv)
        path = follow(since_key, (f.shape[-2], f.shape[-1]))
        return Carried(f, path, key)

    return carry


def negated(frame: Frame) -> MotionField:
    """Turn the frame's motion around in place, as in the paper."""
    return negate(frame.motion)


def inverted(frame: Frame) -> MotionField:
    """Turn the frame's motion around by carrying each vector to where it points."""
    return invert(frame.motion)


def searched(frame: Frame) -> MotionField:
    """Take the motion that was found from the previous frame to this one; where there is none, turn it around."""
    return frame.reverse if frame.reverse is not None else invert(frame.motion)


def every_frame(frames: Iterable[Frame], network: SplitNetwork) -> Iterator[Estimate]:
    """Run the whole network on each frame: the baseline."""
    for frame in frames:
        yield Estimate(frame, 0, network.task(network.features(frame)))


def copy_nearest(frames: Iterable[Frame], network: SplitNetwork, n: int | Policy) -> Iterator[Estimate]:
    """Show the nearest keyframe's result unmoved: what motion has to beat."""
    S_next = None
    for window in windows(frames, n):
        S_key = S_next if S_next is not None else network.task(network.features(window.key))
        S_next = None if window.next_key is None else network.task(network.features(window.next_key))
        yield Estimate(window.key, 0, S_key)
        alpha = alphas(window)
        for p, frame in enumerate(window.between, 1):
            if S_next is None or alpha[p] >= 0.5:
                yield Estimate(frame, p, S_key)
            else:
                yield Estimate(frame, len(alpha) - p, S_next)


def propagate(
    frames: Iterable[Frame],
    network: SplitNetwork,
    n: int | Policy,
    *,
    judge: Judge = by_distance,
    propagation: Propagation = composed,
) -> Iterator[Estimate]:
    """Algorithm 1, feature propagation: yields frame i before frame i + 1 is needed, unless the policy looks ahead."""
    for p, frame in distances(frames, n):  # 2
        if p == 0:  # 3: keyframe
            f = network.features(frame)  # 4: keyframe features
            carry = propagation(f, frame)  # 10: cache computed features
            confidence = None
        else:  # 6: intermediate frame
            W_f = carry(frame.motion)  # 7: warp cached features, 10: and cache them
            f, confidence = W_f.f, judge(frame, W_f, None, 1.0).confidence
        yield Estimate(frame, p, network.task(f), confidence)  # 5, 8


def interpolate(
    frames: Iterable[Frame],
    network: SplitNetwork,
    n: int | Policy,
    *,
    fuse: Fusion = average,
    judge: Judge = by_distance,
    propagation: Propagation = composed,
    reverse: Reverse = searched,
) -> Iterator[Estimate]:
    """Algorithm 2, feature interpolation: yields a window once its next keyframe is read."""
    f_next = None
    for window in windows(frames, n):  # 4
        f_key = network.features(window.key) if f_next is None else f_next  # 6: known from line 8, but for the first
        f_next = None if window.next_key is None else network.features(window.next_key)  # 8: next keyframe features
        yield Estimate(window.key, 0, network.task(f_key))  # 7

        mv = [frame.motion for frame in window.between]
        n = len(mv) + 1  # of this window: the last one is shorter
        alpha = alphas(window)  # (n - p) / n, but 1 or 0 where a scene cut hides one of the keyframes
        W_f = PROPAGATE(laid_out(f_key, fuse, alpha), window.key, mv[: n - 1 - alpha.count(0)], propagation)  # 9
        W_b = []
        if f_next is not None and window.next_key is not None:
            back = [window.next_key, *reversed(window.between)][: n - 1 - alpha[1:].count(1)]
            W_b = PROPAGATE(laid_out(f_next, fuse, alpha), window.next_key, map(reverse, back), propagation)  # 10

        for p, frame in enumerate(window.between, 1):  # 11, 12
            if alpha[p] == 1:
                f, distance, verdict = W_f[p].f, p, judge(frame, W_f[p], None, 1.0)
            elif alpha[p] == 0:
                f, distance, verdict = W_b[n - p].f, n - p, judge(frame, None, W_b[n - p], 0.0)
            else:
                verdict = judge(frame, W_f[p], W_b[n - p], alpha[p])
                f, distance = fused(fuse, W_f[p], W_b[n - p], verdict.alpha), min(p, n - p)  # 13: fuse features
            yield Estimate(frame, distance, network.task(f), verdict.confidence)  # 14


def PROPAGATE(f: Tensor, key: Frame, g: Iterable[MotionField], propagation: Propagation) -> list[Carried]:  # noqa: N802
    """Warp ``f`` one step for each motion of ``g`` (lines 18-24); the result begins with ``f`` itself."""
    carry = propagation(f, key)
    return [Carried(f, None, key), *(carry(motion) for motion in g)]


def laid_out(f: Tensor, fuse: Fusion, alpha: list[float]) -> Tensor:
    """Return the same map in memory as it is averaged fastest, if any frame of the window averages."""
    return interleaved(f) if fuse is average and any(0 < weight < 1 for weight in alpha) else f


def fused(fuse: Fusion, forward: Carried, backward: Carried, alpha: float | Tensor) -> Tensor:
    """Fuse two carried maps; the average of two that are still to be warped takes one pass over both."""
    if fuse is average and forward.path is not None and backward.path is not None:
        return blend(forward.origin, forward.path, backward.origin, backward.path, alpha)
    return fuse(forward.f, backward.f, alpha)
