"""Schemes: THE PAPER. Frame by frame, nearest copy, Algorithm 1 (propagation) and Algorithm 2 (interpolation).

Letters are the paper's: ``n`` keyframe interval, ``p`` offset from the keyframe, ``f`` features, ``S`` the scores that
the task network makes of them, ``mv`` motion. Line numbers in comments are the paper's; ``docs/paper.md`` lists where
and why the code deviates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from warpseg.core.fusion import Fusion, average, confidence_in
from warpseg.core.keyframes import Policy, Window, offsets, windows
from warpseg.core.propagation import PROPAGATE, Propagated, Propagation, Reverse, composed, searched
from warpseg.types import Frame

__all__ = [
    "Estimate",
    "SplitNetwork",
    "copy_nearest",
    "enclosed",
    "every_frame",
    "interpolate",
    "keyed",
    "nearest",
    "propagate",
]


class SplitNetwork(Protocol):
    """The paper's two components of a segmentation network (section 3.1)."""

    def features(self, frame: Frame) -> Tensor:
        """Run ``N_feat``: return the map (channels, h, w) that is propagated between frames."""

    def task(self, f: Tensor) -> Tensor:
        """Run ``N_task`` as far as scores (classes, h, w); upsampling to labels follows where they are wanted."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A scheme's result for one frame."""

    frame: Frame
    distance: int  # frames to the nearest keyframe it was made from; 0 for a keyframe
    scores: Tensor  # (classes, h, w)
    confidence: Tensor | None = None  # (h, w) in [0, 1], None where it was not measured


def every_frame(frames: Iterable[Frame], network: SplitNetwork) -> Iterator[Estimate]:
    """Run the whole network on each frame: the baseline."""
    for frame in frames:
        yield Estimate(frame, 0, network.task(network.features(frame)))


def copy_nearest(frames: Iterable[Frame], network: SplitNetwork, n: int | Policy) -> Iterator[Estimate]:
    """Show the nearest keyframe's result unmoved: the baseline that motion has to beat."""
    for window, S_key, S_next in keyed(frames, lambda key: network.task(network.features(key)), n):
        yield Estimate(window.key, 0, S_key)
        for p, frame in enumerate(window.between, 1):
            to_key, to_next = window.to_keyframes(p)
            if S_next is None or to_key <= to_next:
                yield Estimate(frame, p, S_key)
            else:
                yield Estimate(frame, window.n - p, S_next)


def propagate(
    frames: Iterable[Frame], network: SplitNetwork, n: int | Policy, *, propagation: Propagation = composed
) -> Iterator[Estimate]:
    """Algorithm 1, feature propagation: yields frame i before frame i + 1 is needed, unless the policy looks ahead."""
    for p, frame in offsets(frames, n):  # 2
        if p == 0:  # 3: keyframe
            f, confidence = network.features(frame), None  # 4: keyframe features
            warp_on = propagation(f, frame)  # 10: cache computed features
        else:  # 6: intermediate frame
            W_f = warp_on(frame.motion)  # 7: warp cached features, 10: and cache them
            f, confidence = W_f.f, confidence_in(frame, W_f)
        yield Estimate(frame, p, network.task(f), confidence)  # 5, 8


def interpolate(
    frames: Iterable[Frame],
    network: SplitNetwork,
    n: int | Policy,
    *,
    fuse: Fusion = average,
    propagation: Propagation = composed,
    reverse: Reverse = searched,
) -> Iterator[Estimate]:
    """Algorithm 2, feature interpolation: yields a window once its next keyframe is read."""
    for window, f_key, f_next in keyed(frames, network.features, n):  # 4, 6, 8
        yield Estimate(window.key, 0, network.task(f_key))  # 5, 7
        for frame, forward, backward, alpha in enclosed(window, f_key, f_next, propagation, reverse):  # 9-12
            f_p, confidence = fuse(frame, forward, backward, alpha)  # 13
            yield Estimate(frame, nearest(forward, backward), network.task(f_p), confidence)  # 14


def enclosed(
    window: Window, f_key: Tensor, f_next: Tensor | None, propagation: Propagation, reverse: Reverse
) -> Iterator[tuple[Frame, Propagated | None, Propagated | None, float]]:
    """Yield each intermediate frame with the maps that reach it from either keyframe, and ``(n - p) / n``."""
    W_f = PROPAGATE(f_key, window.key, window.forward, propagation)  # 9
    W_b = PROPAGATE(f_next, window.next_key, window.backward(reverse), propagation)  # 10
    for p, frame in enumerate(window.between, 1):  # 11, 12
        yield frame, W_f.get(p), W_b.get(window.n - p), (window.n - p) / window.n


def nearest(forward: Propagated | None, backward: Propagated | None) -> int:
    """Return the frames to the nearest keyframe that a map comes from."""
    return min(propagated.steps for propagated in (forward, backward) if propagated is not None)


def keyed(
    frames: Iterable[Frame], run: Callable[[Frame], Tensor], n: int | Policy
) -> Iterator[tuple[Window, Tensor, Tensor | None]]:
    """Yield each window with what ``run`` gives for its keyframe and for the next one (Algorithm 2, lines 4, 6, 8).

    ``run`` is called once for each keyframe: the next one's result is the following window's.
    """
    f_next = None
    for window in windows(frames, n):  # 4
        f_key = run(window.key) if f_next is None else f_next  # 6: known from line 8, but for the first
        f_next = None if window.next_key is None else run(window.next_key)  # 8
        yield window, f_key, f_next
