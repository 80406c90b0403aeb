"""THE PAPER: frame by frame, nearest copy, Algorithm 1 and Algorithm 2.

Letters are the paper's: ``n`` keyframe interval, ``p`` offset from the keyframe, ``f`` features, ``S`` what the task
network makes of them, ``mv`` motion. Line numbers in comments are the paper's; ``docs/paper.md`` lists where and why
the code deviates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from warpseg.fusion import Fusion, average
from warpseg.geometry import compose, invert, negate, warp
from warpseg.schedule import alphas, offsets, windows
from warpseg.types import Frame, MotionField

__all__ = [
    "Estimate", "Propagation", "Reverse", "SplitNetwork",
    "chained", "composed", "copy_nearest", "every_frame", "interpolate", "inverted", "negated", "propagate",
]  # fmt: skip


class SplitNetwork(Protocol):
    """The paper's two components of a segmentation network (section 3.1)."""

    def features(self, frame: Frame) -> Tensor:
        """Run ``N_feat``: return the map (channels, h, w) that is carried between frames."""

    def task(self, f: Tensor) -> Tensor:
        """Run ``N_task`` as far as scores (classes, h, w); upsampling to labels follows where they are wanted."""


@dataclass(frozen=True)
class Estimate:
    """What a scheme says of one frame."""

    frame: Frame
    distance: int  # frames to the nearest keyframe it was made from; 0 for a keyframe
    scores: Tensor  # (classes, h, w)


def every_frame(frames: Iterable[Frame], network: SplitNetwork) -> Iterator[Estimate]:
    """Run the whole network on each frame: the baseline."""
    for frame in frames:
        yield Estimate(frame, 0, network.task(network.features(frame)))


def copy_nearest(frames: Iterable[Frame], network: SplitNetwork, n: int) -> Iterator[Estimate]:
    """Show the nearest keyframe's result unmoved: what motion has to beat."""
    S_next = None
    for window in windows(frames, n):
        S_key = S_next if S_next is not None else network.task(network.features(window.key))
        S_next = None if window.next_key is None else network.task(network.features(window.next_key))
        yield Estimate(window.key, 0, S_key)
        steps = len(window.between) + 1
        for p, (frame, alpha) in enumerate(zip(window.between, alphas(window), strict=True), 1):
            if S_next is None or alpha >= 0.5:
                yield Estimate(frame, p, S_key)
            else:
                yield Estimate(frame, steps - p, S_next)


def propagate(
    frames: Iterable[Frame], network: SplitNetwork, n: int, *, propagation: Propagation | None = None
) -> Iterator[Estimate]:
    """Algorithm 1, feature propagation: yields frame i before frame i + 1 is needed."""
    begin = propagation or composed
    for p, frame in offsets(frames, n):  # 2
        if p == 0:  # 3: keyframe
            f = network.features(frame)  # 4
            f_c = begin(f)  # 10: cache computed features
        else:  # 6: intermediate frame
            f = f_c(frame.motion)  # 7: warp cached features; 10 happens inside
        yield Estimate(frame, p, network.task(f))  # 5, 8


def interpolate(
    frames: Iterable[Frame],
    network: SplitNetwork,
    n: int,
    *,
    fuse: Fusion = average,
    propagation: Propagation | None = None,
    reverse: Reverse | None = None,
) -> Iterator[Estimate]:
    """Algorithm 2, feature interpolation: yields a window once its next keyframe is read."""
    begin, turn = propagation or composed, reverse or inverted
    f_next = None
    for window in windows(frames, n):  # 4
        f = f_next if f_next is not None else network.features(window.key)  # 6: kept from line 8 of the last window
        f_next = None if window.next_key is None else network.features(window.next_key)  # 8
        yield Estimate(window.key, 0, network.task(f))  # 7
        mv = [frame.motion for frame in window.between]
        weights = alphas(window)
        steps = len(mv) + 1  # n, but for the last window
        forward = sum(
            alpha > 0 for alpha in weights
        )  # frames that the previous keyframe reaches: all, or those before a cut
        W_f = PROPAGATE(f, mv[:forward], begin)  # 9
        W_b: list[Tensor] = []
        if f_next is not None and window.next_key is not None:
            back = [turn(motion) for motion in (window.next_key.motion, *reversed(mv))]
            W_b = PROPAGATE(f_next, back[: sum(alpha < 1 for alpha in weights)], begin)  # 10
        for p, (frame, alpha) in enumerate(zip(window.between, weights, strict=True), 1):  # 11, 12
            if alpha == 1:  # no next keyframe, or it lies beyond a cut
                f = W_f[p - 1]
            elif alpha == 0:  # the previous keyframe lies beyond a cut
                f = W_b[steps - p - 1]
            else:
                f = fuse(W_f[p - 1], W_b[steps - p - 1], alpha)  # 13: fuse propagated features
            nearest = min((p if alpha > 0 else steps), (steps - p if alpha < 1 else p))
            yield Estimate(frame, nearest, network.task(f))  # 14


def PROPAGATE(f: Tensor, g: Sequence[MotionField], begin: Propagation) -> list[Tensor]:  # noqa: N802 - the paper's name, lines 18-24
    """Warp ``f`` one step for each motion of ``g``; the result starts after the first step."""
    step = begin(f)
    return [step(motion) for motion in g]


# How a map is carried on, one frame's motion at a time. Called with the keyframe's map; what comes back takes each next
# motion and returns the map in that frame.
Propagation = Callable[[Tensor], Callable[[MotionField], Tensor]]

# How motion to the previous frame becomes motion to the next one.
Reverse = Callable[[MotionField], MotionField]


def chained(f: Tensor) -> Callable[[MotionField], Tensor]:
    """Carry as printed in the paper: warp the last frame's map by one frame's motion; each step blurs a little."""

    def step(motion: MotionField) -> Tensor:
        nonlocal f
        f = warp(f, motion)
        return f

    return step


def composed(f: Tensor) -> Callable[[MotionField], Tensor]:
    """Carry by composing the motion since the keyframe, and warp the keyframe's own map once."""
    total: MotionField | None = None

    def step(motion: MotionField) -> Tensor:
        nonlocal total
        total = motion if total is None else compose(motion, total)
        return warp(f, total)

    return step


negated: Reverse = negate
inverted: Reverse = invert
