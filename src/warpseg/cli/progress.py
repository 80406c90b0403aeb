"""Progress: one line that changes on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from warpseg.run.result import Report
from warpseg.types import VideoInfo

__all__ = ["Progress"]

_PLAIN_EVERY = 5.0  # seconds


class Progress:
    """Shows frames, keyframes, frames a second and the speed-up over the network on every frame, on standard error."""

    def __init__(self, source: str, max_frames: int | None = None) -> None:
        self._source = source
        self._max_frames = max_frames
        self.report: Report | None = None  # of the run so far; None before the first frame
        self._console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[state]}"),
            console=self._console, disable=not self._console.is_terminal, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(source, total=None, state="opening")
        self._last = time.monotonic()

    def __call__(self, report: Report, info: VideoInfo) -> None:
        """Show the state after one more frame."""
        self.report = report
        known = [count for count in (info.frame_count, self._max_frames) if count]
        total = min(known) if known else None
        now = time.monotonic()
        if self._console.is_terminal:
            self._bar.update(self._task, completed=report.frames, total=total, state=_line(report, total))
        elif now - self._last >= _PLAIN_EVERY:
            self._last = now
            self._console.print(
                f"{self._source}: {_line(report, total)}", markup=False, highlight=False, soft_wrap=True
            )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def _line(report: Report, total: int | None) -> str:
    of = f"/{total}" if total else ""
    faster = f", {report.speed_up:.1f}x every frame" if report.speed_up else ""
    return f"frame {report.frames}{of}, {report.keyframes} keyframes, {report.frames_per_second:.1f} fps{faster}"
