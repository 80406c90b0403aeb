"""Counters over the frames of a video, in constant memory: picture types, frame times."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from warpseg.types import PictureType

__all__ = ["FrameTimes", "PictureTypes", "spread"]

_LONGEST = 300  # pictures of a group that are kept as a pattern
_KINDS = 100  # different patterns that are counted
_JITTER = Fraction(1, 1000)  # seconds: containers that count in milliseconds round every frame's time


def spread(counts: Counter[int]) -> dict[str, int] | None:
    """Return the most common value, the least and the greatest, or None where nothing was counted."""
    if not counts:
        return None
    return {"typical": counts.most_common(1)[0][0], "least": min(counts), "greatest": max(counts)}


class PictureTypes:
    """Order of I-, P- and B-pictures, as displayed: groups, B-frames between anchors, patterns."""

    def __init__(self) -> None:
        self.counts: Counter[PictureType] = Counter()
        self.groups: Counter[int] = Counter()  # I-frame to I-frame, in frames
        self.between: Counter[int] = Counter()  # B-frames between one I- or P-frame and the next
        self._patterns: Counter[str] = Counter()
        self._group = ""  # the pictures since the last I-frame, that included
        self._since_i: int | None = None
        self._since_anchor: int | None = None

    def add(self, picture: PictureType | None) -> None:
        """Count the next picture; a picture without a type is not from coded video."""
        if picture is None:
            return
        self.counts[picture] += 1
        if self._since_i is not None:
            self._since_i += 1
        if picture == "I":
            self._close()
            self._group, self._since_i = "I", 0
        elif self._since_i is not None and len(self._group) < _LONGEST:
            self._group += picture
        if picture == "B":
            self._since_anchor = None if self._since_anchor is None else self._since_anchor + 1
        else:
            if self._since_anchor is not None:
                self.between[self._since_anchor] += 1
            self._since_anchor = 0

    def _close(self) -> None:
        if self._since_i is None:
            return
        self.groups[self._since_i] += 1
        if self._group in self._patterns or len(self._patterns) < _KINDS:
            self._patterns[self._group] += 1

    @property
    def pattern(self) -> str | None:
        """The most common whole group of pictures; where there is none, the beginning of one."""
        return self._patterns.most_common(1)[0][0] if self._patterns else self._group or None


class FrameTimes:
    """Intervals between frame times."""

    def __init__(self, tick: Fraction) -> None:
        self._tolerance = max(tick, _JITTER)
        self.first: Fraction | None = None
        self.last: Fraction | None = None
        self.count = 0
        self.shortest: Fraction | None = None  # seconds from one frame to the next
        self.longest: Fraction | None = None

    def add(self, time: Fraction) -> None:
        """Count a frame at ``time`` seconds."""
        if self.last is None:
            self.first = time
        else:
            step = time - self.last
            self.shortest = step if self.shortest is None else min(step, self.shortest)
            self.longest = step if self.longest is None else max(step, self.longest)
        self.last = time
        self.count += 1

    @property
    def constant(self) -> bool | None:
        """True where all steps are equal but for the rounding of timestamps; None for fewer than two steps."""
        if self.shortest is None or self.longest is None or self.count < 3:
            return None
        return self.longest - self.shortest <= self._tolerance
