"""Adaptive keyframes: a policy that places one when the maps propagated from the last one lose their support.

Each frame is compared with the last keyframe along the motion between them. The share of the picture with a large
photometric error (new area, wrong motion, changed objects) grows with the distance, fast under fast motion and slowly
in calm video. A keyframe is due when the sum of these shares since the last one passes a limit.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from warpseg.core.geometry import follow
from warpseg.core.keyframes import Every, Policy
from warpseg.types import Frame, MotionField, confidence_of

__all__ = ["Adaptive", "Pace", "distrust", "frames_per_second", "keyframes_per_second", "policy_of"]

_COARSER = 2  # cells of the motion field along each side of a cell compared here
_MEMORY = 60  # frames; the calmest of them gives the share of the distrust that is noise
_CLOSING = 0.3  # share of the limit at the last frame from which that frame becomes a keyframe
_BEYOND = 1.2  # share of the limit up to which a due keyframe waits for an I-frame, if the next frame is one
_LATE = 0.5  # share of the pace below which a keyframe comes whatever the distrust
_LIMITS = 0.01, 30.0
_GAIN = 0.5  # how fast the limit follows the pace


# Called with the seconds of video, the frames and the seconds of work since the last keyframe, returns the factor by
# which keyframes should be farther apart.
Pace = Callable[[float, int, float], float]


@dataclass(frozen=True)
class Adaptive:
    """A ``keyframes.Policy``: a keyframe at scene cuts and where the support of the last keyframe is used up.

    Args:
        limit: distrust that makes a frame a keyframe: summed over the frames since the last one, each frame's mean
            (0 to 1) over its cells, beyond what noise causes from any frame to the next. The sum rather than the
            frame's own, which would leave calm video without any keyframe.
        longest: the most frames from one keyframe to the next.
        pace: steers the limit from keyframe to keyframe.
        closes: whether the video's last frame may become a keyframe, so that Algorithm 2 has one on either side of
            the frames before it.
    """

    limit: float = 1.0
    longest: int = 30
    pace: Pace | None = None
    closes: bool = True

    @property
    def look_ahead(self) -> int:
        """One frame if the last one must be recognised, else none."""
        return 1 if self.closes and self.longest > 1 else 0

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        """Begin a video, with a keyframe."""
        key: Frame | None = None
        since_key: list[MotionField] = []  # the newest first
        gathered = 0.0
        limit, begun = self.limit, time.perf_counter()
        calmest: deque[float] = deque(maxlen=_MEMORY)

        def is_key(frame: Frame, following: Sequence[Frame]) -> bool:
            nonlocal key, gathered, limit, begun
            since_key.insert(0, frame.motion)
            if key is not None and not frame.cut:
                calmest.append(1 - float(frame.motion.confidence.mean()))
                more = 1.0
                if self.pace is not None:
                    more = self.pace(float(frame.time - key.time), len(since_key), time.perf_counter() - begun)
                fresh = max(distrust(frame, key, since_key) - min(calmest), 0.0)
                gathered += fresh
                enough = limit * _CLOSING if self.closes and not following else limit
                intra_next = bool(following) and following[0].picture == "I" and not following[0].cut
                if intra_next and frame.picture != "I" and gathered + fresh < _BEYOND * limit:
                    enough = math.inf  # the next frame will be the keyframe
                if gathered < enough and len(since_key) < self.longest and more > _LATE:
                    return False
                limit = min(max(limit * min(max(more, 0.25), 4) ** _GAIN, _LIMITS[0]), _LIMITS[1])
            key, gathered, begun = frame, 0.0, time.perf_counter()
            since_key.clear()
            return True

        return is_key

    def __repr__(self) -> str:
        return f"Adaptive(limit={self.limit}, longest={self.longest}{', paced' if self.pace else ''})"


def policy_of(interval: int | str | Policy, *, follows: bool, closes: bool) -> Policy:
    """Return the policy of an interval: a number of frames, ``auto``, or a policy.

    An adaptive one ends a video with a keyframe only where that ``closes`` a window. Raises ``ValueError`` for other
    values, and for adaptive keyframes where the scheme does not follow motion (``follows``).
    """
    if isinstance(interval, Adaptive) or interval == "auto":
        if not follows:
            raise ValueError(
                "interval 'auto' follows motion: choose scheme propagate or interpolate, and motion other than none"
            )
        policy = Adaptive() if isinstance(interval, str) else interval
        return replace(policy, closes=policy.closes and closes)
    if isinstance(interval, (str, float)) or (isinstance(interval, (int, np.integer)) and interval < 1):
        raise ValueError(f"interval {interval!r}: expected a whole number of frames, 1 or more, or 'auto'")
    return Every(int(interval)) if isinstance(interval, (int, np.integer)) else interval


def keyframes_per_second(count: float) -> Pace:
    """Return the pace of ``count`` keyframes per second of video, on average."""
    return lambda seconds, frames, worked: 1 / (count * seconds) if seconds > 0 else 1.0


def frames_per_second(target: float) -> Pace:
    """Return the pace at which this machine segments ``target`` frames a second, measured while it works.

    The only choice of keyframes that depends on timing: two runs may differ.
    """
    return lambda seconds, frames, worked: worked * target / frames


def distrust(frame: Frame, key: Frame, motions: list[MotionField]) -> float:
    """Return the mean distrust, 0 to 1, in maps propagated from ``key`` along ``motions`` (the newest first).

    One minus confidence by photometric error; without planes, one minus the motion's own confidence.
    """
    rows, columns = (max(side // _COARSER, 1) for side in frame.motion.size)
    path = follow(motions, (rows, columns))
    error = frame.difference(key, path)
    return 1 - float(path.confidence.mean() if error is None else confidence_of(error.numpy()).mean())
