"""Reading: the iterator, time span and monotonic clock that all kinds of sources share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

from warpseg.errors import VideoError
from warpseg.types import Picture, VideoInfo
from warpseg.video.completeness import Rhythm

__all__ = ["ASSUMED_RATE", "Clock", "PictureReader", "Span"]

ASSUMED_RATE = Fraction(25)  # frames a second, for sources that state none; FFmpeg's default too
_TICK = Fraction(1, 1000)  # the shortest distance of two frames: Matroska's unit


class PictureReader(Iterator[Picture]):
    """Iterator over the pictures of one source in display order; closes the source at the end.

    ``info`` describes the source. ``warnings`` lists assumptions and substitutions, and may grow while reading. A
    damaged source yields every picture that can be decoded and then raises one ``VideoError``.
    """

    def __init__(
        self,
        info: VideoInfo,
        pictures: Generator[Picture, None, None],
        warnings: list[str],
        close: Callable[[], None] = lambda: None,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.info = info
        self.warnings = warnings
        self._pictures = pictures
        self._close = close
        self.interrupt = interrupt  # ends the wait of another thread for a silent source
        self._closed = False

    def __next__(self) -> Picture:
        try:
            return next(self._pictures)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the source; pictures already yielded stay valid. Closing twice is allowed."""
        if not self._closed:
            self._closed = True
            self._pictures.close()
            self._close()

    def __repr__(self) -> str:
        height, width = self.info.size
        return f"PictureReader({self.info.name!r}, {width}x{height}, {self.info.codec}, rate {self.info.frame_rate})"


@dataclass(frozen=True)
class Span:
    """Part of a source to read: ``start <= seconds after the first frame < end``, at most ``max_frames``."""

    start: Fraction | None = None
    end: Fraction | None = None
    max_frames: int | None = None

    @classmethod
    def between(cls, start: Fraction | float | None, end: Fraction | float | None, max_frames: int | None) -> Span:
        """Return a span; raises ``ValueError`` if it cannot contain a frame."""
        if start is not None and start < 0:
            raise ValueError(f"start is {start} s: 0 or more is accepted (seconds after the first frame)")
        if end is not None and end <= (start or 0):
            raise ValueError(f"end is {end} s: more than start ({start or 0} s) is accepted")
        if max_frames is not None and max_frames < 1:
            raise ValueError(f"max_frames is {max_frames}: 1 or more is accepted")
        return cls(
            None if start is None else Fraction(start).limit_denominator(1_000_000),
            None if end is None else Fraction(end).limit_denominator(1_000_000),
            max_frames,
        )

    def select(self, pictures: Iterator[Picture], info: VideoInfo) -> Generator[Picture, None, bool]:
        """Yield the pictures inside the span; return True if the span ended before the source did.

        No picture is requested after the last one in the span, except the one that shows that ``end`` is reached.
        Raises ``VideoError`` if the source is too short.
        """
        count = 0
        for picture in pictures:
            since = picture.time - info.start_time
            if self.end is not None and since >= self.end:
                return True
            if self.start is not None and since < self.start:
                continue
            yield picture
            count += 1
            if count == self.max_frames:
                return True
        if count == 0 and self.start is not None:
            raise VideoError(f"{info.name}: has no frame at {float(self.start):g} s or later; choose an earlier start")
        return False


class Clock:
    """Monotonic clock: makes timestamps strictly increasing, and moves no more of them than it must.

    A frame whose timestamp is missing or not later than the one before comes one step later; those that it overtakes
    follow at the shortest distance until the source's own times are reached again.
    """

    def __init__(
        self, name: str, rate: Fraction, start: Fraction, warnings: list[str], *, fastest: Fraction | None = None
    ) -> None:
        """``rate`` is that of a source without timestamps, ``fastest`` the highest that one with timestamps states."""
        self._name, self._rate, self._start, self._warnings = name, rate, start, warnings
        self._step = 1 / max(rate, fastest or rate)
        self._previous: Fraction | None = None  # time of the newest frame
        self._stamp: Fraction | None = None  # its timestamp
        self._warned = False
        self.rhythm = Rhythm()

    def time(self, stamp: Fraction | None) -> Fraction:
        """Return the time, in seconds, of the next picture in display order, whose timestamp is ``stamp``."""
        previous, before = self._previous, self._stamp
        if stamp is not None and (previous is None or stamp > previous):
            time = stamp
            if before is not None and before == previous:
                self._step = min(stamp - before, self._step)
        else:
            if previous is None:
                time = self._start
            elif stamp is None and before is None:
                time = previous + 1 / self._rate
            elif stamp is not None and before is not None and stamp > before:
                time = previous + _TICK
            else:
                time = previous + self._step
            if not self._warned:
                self._warned = True
                self._warnings.append(self._explain(stamp, time))
        if previous is not None:
            self.rhythm.add(previous, time)
        self._previous, self._stamp = time, stamp
        return time

    def _explain(self, stamp: Fraction | None, time: Fraction) -> str:
        if stamp is None and self._previous is None:
            return f"{self._name} has no timestamps: {float(self._rate):g} frames a second assumed"
        fault = "missing" if stamp is None else "not later than the one before"
        return f"{self._name}: the timestamp at {float(time):.3f} s is {fault}; times were repaired there"
