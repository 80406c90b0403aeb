"""One run as users run it: from a source to files, timed from outside."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass

from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Source
from warpseg.run.process import process
from warpseg.run.result import Report
from warpseg.types import VideoInfo

__all__ = ["Lap", "end_to_end"]


@dataclass(frozen=True)
class Lap:
    """What a run took; seconds."""

    frames: int
    keyframes: int
    seconds: float  # from opening the source to the last output closed
    first: float  # from opening the source to the first frame written
    cpu_seconds: float  # of this process, all its threads, in user and system mode
    stages: dict[str, float]  # wall time by stage; stages overlap where the run uses several threads


def end_to_end(segmenter: Segmenter, source: Source, save: Collection[str], max_frames: int | None) -> Lap:
    """Run ``process`` into a folder that is thrown away; raises what it raises."""
    first: list[float] = []

    def written(report: Report, info: VideoInfo) -> None:
        if not first:
            first.append(time.perf_counter() - started)

    with tempfile.TemporaryDirectory(prefix="warpseg-") as folder:
        cpu, started = _cpu_seconds(), time.perf_counter()
        report = process(segmenter, source, folder, save=save, max_frames=max_frames, progress=written)
        return Lap(report.frames, report.keyframes, report.seconds, first[0], _cpu_seconds() - cpu, dict(report.stages))


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system
