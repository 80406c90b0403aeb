"""Keyframes: policies that choose them, and the windows of frames between one and the next.

Keyframes are every n-th frame, so a video of N frames costs ceil(N / n) network runs, or those that another policy
chooses. The exception is a scene that no keyframe would see (between two cuts of one window, or after a cut in
Algorithm 1): its first frame becomes a keyframe as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import inf
from typing import Protocol

from warpseg.types import Frame, MotionField

__all__ = ["Every", "Policy", "Window", "chosen", "offsets", "windows"]


@dataclass(frozen=True)
class Window:
    """A keyframe, the intermediate frames up to the next keyframe, and that one (None at the end of the video).

    Knows how far each keyframe is seen: motion is followed up to a scene cut, never across.
    """

    key: Frame
    between: tuple[Frame, ...]
    next_key: Frame | None

    @property
    def n(self) -> int:
        """The paper's interval: frames from the keyframe to the next one."""
        return len(self.between) + 1

    @property
    def forward(self) -> list[MotionField]:
        """The motion of each intermediate frame that the keyframe is propagated to, in order."""
        return [frame.motion for frame in takewhile(_same_scene, self.between)]

    def backward(self, reverse: Callable[[Frame], MotionField]) -> list[MotionField]:
        """Return the motion that leads the next keyframe back to each frame that sees it, the nearest first.

        ``reverse`` turns a frame's motion around. Its own motion leads the next keyframe one frame back.
        """
        if self.next_key is None or not self.between:
            return []
        return [reverse(frame) for frame in takewhile(_same_scene, (self.next_key, *self.between[:0:-1]))]

    def to_keyframes(self, p: int) -> tuple[float, float]:
        """Return the frames from offset ``p`` to the keyframe and to the next one, infinite where a cut hides it."""
        cuts = [k for k, frame in enumerate((*self.between, self.next_key), 1) if frame is None or frame.cut]
        before = any(k <= p for k in cuts)
        after = any(k > p for k in cuts)
        return inf if before else p, inf if after else self.n - p


def _same_scene(frame: Frame) -> bool:
    return not frame.cut


class Policy(Protocol):
    """Chooses keyframes as the frames come."""

    @property
    def look_ahead(self) -> int:
        """Number of frames after a frame that must be read before the policy decides about it."""

    @property
    def longest(self) -> int:
        """The most frames from one keyframe to the next."""

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        """Begin a video: return a function that decides for each frame in turn whether it is a keyframe.

        Its second argument is the ``look_ahead`` frames after the frame, fewer only where the video ends.
        """


@dataclass(frozen=True)
class Every:
    """Every n-th frame."""

    n: int

    @property
    def look_ahead(self) -> int:
        """Zero: the number of the frame decides."""
        return 0

    @property
    def longest(self) -> int:
        """``n``."""
        return self.n

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        """Begin a video, with a keyframe."""
        count = -1

        def is_key(frame: Frame, following: Sequence[Frame]) -> bool:
            nonlocal count
            count += 1
            return count % self.n == 0

        return is_key


def chosen(frames: Iterable[Frame], n: int | Policy) -> Iterator[tuple[Frame, bool]]:
    """Pair each frame with whether it is a keyframe; the first one is, whatever the policy decides.

    A frame comes as soon as the frames that the policy looks ahead to are read.
    """
    policy = Every(n) if isinstance(n, int) else n
    decide, read, begun = policy.start(), deque[Frame](), False

    def next_one() -> tuple[Frame, bool]:
        nonlocal begun
        frame = read.popleft()
        first, begun = not begun, True
        return frame, decide(frame, tuple(read)) or first

    for frame in frames:
        read.append(frame)
        if len(read) > policy.look_ahead:
            yield next_one()
    while read:
        yield next_one()


def offsets(frames: Iterable[Frame], n: int | Policy) -> Iterator[tuple[int, Frame]]:
    """Pair each frame with its distance ``p`` to the last keyframe, 0 for keyframes; needs no later frame by itself."""
    p = 0
    for frame, is_key in chosen(frames, n):
        p = 0 if is_key or frame.cut else p + 1
        yield p, frame


def windows(frames: Iterable[Frame], n: int | Policy) -> Iterator[Window]:
    """Group frames into windows of ``n``, each as soon as its next keyframe is known to be one.

    Concatenating ``key`` and ``between`` of all windows gives the video back. The last window has no next keyframe.
    """
    key: Frame | None = None
    between: list[Frame] = []
    for frame, is_key in chosen(frames, n):
        if not is_key:
            between.append(frame)
            continue
        if key is not None:
            yield from _seen(Window(key, tuple(between), frame))
        key, between = frame, []
    if key is not None:
        yield from _seen(Window(key, tuple(between), None))


def _seen(window: Window) -> Iterator[Window]:
    """Divide a window so that each scene in it holds a keyframe.

    A window with at most one cut stays whole if it has a next keyframe.
    """
    scenes: list[list[Frame]] = [[window.key]]
    for frame in window.between:
        if frame.cut:
            scenes.append([])
        scenes[-1].append(frame)
    next_sees_last = window.next_key is not None and not window.next_key.cut and len(scenes) > 1
    last = scenes.pop() if next_sees_last else []
    for scene in scenes[:-1]:
        yield Window(scene[0], tuple(scene[1:]), None)
    yield Window(scenes[-1][0], (*scenes[-1][1:], *last), window.next_key)
