"""Propagation: a keyframe's map brought to the frames around it along motion (PROPAGATE, Algorithm 2, lines 18-24).

A propagation (``composed``, ``chained``) says how a map travels forward along each next motion; a reverse
(``searched``, ``inverted``, ``negated``) gives the motion along which the next keyframe's map travels back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from warpseg.core.geometry import follow, interleaved, invert, negate, warp
from warpseg.types import Frame, MotionField

__all__ = [
    "PROPAGATE", "KeyframeMap", "Propagated", "Propagation", "Reverse",
    "chained", "composed", "inverted", "negated", "searched",
]  # fmt: skip


class KeyframeMap:
    """A keyframe's map (channels, h, w), in the memory layout that each use of it is fastest with."""

    def __init__(self, f: Tensor, key: Frame) -> None:
        self.f, self.key = f, key

    @cached_property
    def interleaved(self) -> Tensor:
        """The same values with each cell's channels side by side, as ``geometry.blend`` reads them fastest."""
        return interleaved(self.f)


@dataclass(frozen=True, eq=False)
class Propagated:
    """A keyframe's map in another frame; warped when asked for, so that a window of maps need not wait in memory."""

    origin: KeyframeMap
    path: MotionField | None  # from that frame to the keyframe; None where the map is there already
    steps: int  # frames from the keyframe

    @property
    def f(self) -> Tensor:
        """The map (channels, h, w) in that frame."""
        return self.origin.f if self.path is None else warp(self.origin.f, self.path)

    def error(self, frame: Frame) -> Tensor | None:
        """Return the photometric error (h, w), grey levels, of the keyframe in ``frame``; None without path or planes.

        If motion leads rightly to the keyframe, its picture looks there as ``frame`` does here.
        """
        return None if self.path is None else frame.difference(self.origin.key, self.path)


# Called with a keyframe and its map, returns a function that takes each next motion and returns the map in that frame.
Propagation = Callable[[Tensor, Frame], Callable[[MotionField], Propagated]]

# The motion from the previous frame to this one, which leads maps back from the next keyframe.
Reverse = Callable[[Frame], MotionField]


def PROPAGATE(  # noqa: N802
    f: Tensor | None, key: Frame | None, g: Iterable[MotionField], propagation: Propagation
) -> dict[int, Propagated]:
    """Warp ``f`` one step for each motion of ``g``; returns {steps: map}, empty without a keyframe (lines 18-24)."""
    if f is None or key is None:
        return {}
    step = propagation(f, key)
    return {i: step(motion) for i, motion in enumerate(g, 1)}


def composed(f: Tensor, key: Frame) -> Callable[[MotionField], Propagated]:
    """Follow the motion all the way to the keyframe and warp the keyframe's own map once (a deviation: less blur)."""
    origin = KeyframeMap(f, key)
    since_key: list[MotionField] = []  # the newest first

    def step(mv: MotionField) -> Propagated:
        since_key.insert(0, mv)
        return Propagated(origin, follow(since_key, (f.shape[-2], f.shape[-1])), len(since_key))

    return step


def chained(f: Tensor, key: Frame) -> Callable[[MotionField], Propagated]:
    """Warp the previous frame's map by one frame's motion, as the paper prints it; each step blurs a little."""
    f_c, steps = f, 0

    def step(mv: MotionField) -> Propagated:
        nonlocal f_c, steps
        f_c, steps = warp(f_c, mv), steps + 1  # Algorithm 1, lines 7 and 10; Algorithm 2, line 21
        return Propagated(KeyframeMap(f_c, key), None, steps)

    return step


def searched(frame: Frame) -> MotionField:
    """Return the motion found by its own search from the previous frame; splatted where the source searched none."""
    return frame.reverse if frame.reverse is not None else invert(frame.motion)


def inverted(frame: Frame) -> MotionField:
    """Return the frame's motion turned around by splatting each vector to where it points."""
    return invert(frame.motion)


def negated(frame: Frame) -> MotionField:
    """Return the frame's motion turned around in place, as in the paper."""
    return negate(frame.motion)
