"""Completeness: tells from the times in a source whether frames are missing at its end or in its middle."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any

import av
from av import Packet
from av.container import InputContainer
from av.video.stream import VideoStream

__all__ = ["Extent", "Rhythm"]

_MEASURED = ("mpegts", "mpeg")  # containers whose length FFmpeg measures itself
_ABSURD = 10  # times the real length that an unfinished AVI may claim: the recorder's guess
_KEPT = 16  # longest steps
_LEAST = 10  # steps that show a rhythm
_UNEVEN = Fraction(8, 5)  # times the median that the longest usual steps are (3:2 pulldown: 1.5) in a steady rhythm
_MISSING = 4  # times the longest usual step from which on frames are missing
_JUMP = Fraction(60)  # seconds: longer than this, and than everything read, is a clock that was set

# ASF's File Properties Object, and the offsets of the file's size and flags in it.
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_SIZE, _ASF_FLAGS = 40, 88


class Extent:
    """Length of a source as its container states it, and as its packets fill it."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self._first: dict[int, Fraction] = {}  # begin of each stream, in seconds
        self._last: dict[int, Fraction] = {}  # its end
        self._is_cut = False  # whether the newest packet is incomplete

    def add(self, packet: Packet[Any]) -> None:
        """Take a packet of any stream."""
        self._is_cut = packet.is_corrupt
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None or not packet.time_base:
            return
        index, begin = packet.stream.index, stamp * packet.time_base
        end = begin + (packet.duration or 0) * packet.time_base
        self._first[index] = min(self._first.get(index, begin), begin)
        self._last[index] = max(self._last.get(index, end), end)

    def shortfall(self, *, joined: bool) -> str:
        """Explain why the source ends too early, once all packets are taken; empty if it does not.

        FFmpeg reports no error at the end of a truncated file. A file is whole if its video or all streams together
        last as long as stated, or end at the stated time: containers state either. Of a source that is ``joined`` from
        several parts, the stated length says nothing.
        """
        if self._is_short(joined=joined):
            return "it ends before the length that it states"
        return "it ends in the middle of a frame" if self._is_cut else ""

    def _is_short(self, *, joined: bool) -> bool:
        form, video = self._container.format.name, self._stream.index
        if form == "asf" and _asf_is_cut(self._container):
            return True
        if joined or video not in self._last or form in _MEASURED:
            return False
        rate = self._stream.average_rate or self._stream.guessed_rate or 30
        tolerance = max(3 / Fraction(rate), Fraction(1, 10))
        stated = [
            (self._of_video(), self._first[video], self._last[video]),
            (self._of_all(), min(self._first.values()), max(self._last.values())),
        ]
        reached = [
            end - begin >= length - tolerance or abs(end - length) <= tolerance
            for length, begin, end in stated
            if length
        ]
        return bool(reached) and not any(reached)

    def _of_video(self) -> Fraction | None:
        stream = self._stream
        if self._container.format.name == "avi" and stream.frames and stream.average_rate:
            length = stream.frames / stream.average_rate
            # FFmpeg's own length follows the size of the file, however little of it is there.
            return length if length <= _ABSURD * (self._last[stream.index] - self._first[stream.index]) else None
        return stream.duration * stream.time_base if stream.duration and stream.time_base else None

    def _of_all(self) -> Fraction | None:
        if self._container.format.name == "avi" or not self._container.duration:
            return None
        return Fraction(self._container.duration, av.time_base)


class Rhythm:
    """Steps from frame to frame, and the gaps that they do not explain."""

    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()  # by milliseconds
        self._longest: list[tuple[Fraction, Fraction]] = []  # (seconds, time before), a heap
        self._total = Fraction(0)

    def add(self, before: Fraction, time: Fraction) -> None:
        """Take the times of two frames that follow each other."""
        step = time - before
        self._total += step
        self._steps[round(1000 * step)] += 1
        (heappush if len(self._longest) < _KEPT else heappushpop)(self._longest, (step, before))

    def gaps(self) -> list[tuple[Fraction, Fraction]]:
        """Return the times before and after each gap in a steady rhythm, in order; none in a varying one."""
        if self._steps.total() < _LEAST:
            return []
        usual = Fraction(self._quantile(0.97) + 1, 1000)
        if usual > _UNEVEN * Fraction(self._quantile(0.5) + 1, 1000):
            return []
        return sorted((before, before + step) for step, before in self._longest if step > _MISSING * usual)

    def is_jump(self, gap: tuple[Fraction, Fraction]) -> bool:
        """Return whether a gap is too long for frames to be missing: then a clock was set or a recording paused."""
        length = gap[1] - gap[0]
        return length > max(_JUMP, self._total - length)

    def _quantile(self, share: float) -> int:
        count = 0
        for step, times in sorted(self._steps.items()):
            count += times
            if count >= min(share * self._steps.total(), self._steps.total() - 1):
                return step
        return 0


def _asf_is_cut(container: InputContainer) -> bool:
    """Return whether an ASF file is shorter than its header states; a recording in progress states nothing."""
    path = Path(container.name)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(1 << 16)
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + _ASF_FLAGS + 4:
        return False
    size = int.from_bytes(head[at + _ASF_SIZE : at + _ASF_SIZE + 8], "little")
    is_live = head[at + _ASF_FLAGS] & 1
    return not is_live and path.stat().st_size < size
