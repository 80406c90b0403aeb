"""Speed end to end: laps of a segmenter over a source, to files or to labels, and laps that take turns."""

from __future__ import annotations

import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Source
from warpseg.engine.timing import Stages
from warpseg.run.process import process
from warpseg.run.result import Report
from warpseg.types import VideoInfo

__all__ = ["LAPS", "Lap", "frames_per_second", "in_turns", "joined", "to_files", "to_labels"]

K = TypeVar("K")
T = TypeVar("T")

LAPS = 3  # of which ``frames_per_second`` is the median
_LEAST, _SECONDS = 24, 2.0  # frames of such a lap, and the time that it should take


@dataclass(frozen=True)
class Lap:
    """Cost of a run; seconds."""

    frames: int
    keyframes: int
    seconds: float  # from opening the source to the last output closed
    first: float  # from opening the source to the first frame written, or its labels
    cpu_seconds: float  # of this process, all its threads, in user and system mode
    stages: dict[str, float]  # wall time by stage; stages overlap where the run uses several threads


def to_files(segmenter: Segmenter, source: Source, save: Collection[str], max_frames: int | None = None) -> Lap:
    """Segment a source into files that are thrown away, as ``warpseg segment`` does; raises what ``process`` raises."""
    first: list[float] = []

    def written(report: Report, info: VideoInfo) -> None:
        if not first:
            first.append(time.perf_counter() - started)

    with tempfile.TemporaryDirectory(prefix="warpseg-") as folder:
        cpu, started = time.process_time(), time.perf_counter()
        report = process(segmenter, source, folder, save=save, max_frames=max_frames, progress=written)
        return Lap(
            report.frames, report.keyframes, report.seconds, first[0], time.process_time() - cpu, dict(report.stages)
        )


def to_labels(segmenter: Segmenter, source: Source, max_frames: int | None = None) -> Lap:
    """Segment a source to labels at the frames' size, the stages at once as ``to_files`` has them, nothing written."""
    recorded, stages = isinstance(source, (str, Path)), Stages()
    frames, keyframes, first = 0, 0, 0.0
    cpu, started = time.process_time(), time.perf_counter()
    with segmenter.running(source, stages=stages, max_frames=max_frames, threads=recorded) as run:
        for result in run.results:
            result.labels()
            first = first or time.perf_counter() - started
            frames, keyframes = frames + 1, keyframes + result.is_key
    return Lap(
        frames, keyframes, time.perf_counter() - started, first, time.process_time() - cpu, dict(stages.seconds)
    )  # fmt: skip


def joined(laps: Iterable[Lap]) -> Lap:
    """Return several laps, one after the other, as one."""
    each = list(laps)
    stages: Counter[str] = Counter()
    for lap in each:
        stages.update(lap.stages)
    return Lap(
        sum(lap.frames for lap in each),
        sum(lap.keyframes for lap in each),
        sum(lap.seconds for lap in each),
        each[0].first,
        sum(lap.cpu_seconds for lap in each),
        dict(stages),
    )


def in_turns(runs: Mapping[K, Callable[[int], T]], rounds: int) -> dict[K, list[T]]:
    """Call all ``runs`` in turn, round after round, so that all of them see the same machine.

    Args:
        runs: Functions of the round's number, by name.
        rounds: Rounds that count; round 0, before them, warms up.

    Returns:
        Each run's results, one per round.
    """
    found: dict[K, list[T]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            result = run(number)
            if number:
                found[name].append(result)
    return found


def frames_per_second(segmenter: Segmenter, source: Source) -> float:
    """Return the median speed of three laps over the source's first frames, from opening it to the mask video closed.

    A lap takes about two seconds, and three windows or 24 frames at least; one before them warms up. Opening the source
    weighs more there than in a long video, which is therefore rather faster.
    """

    def fps(frames: int) -> float:
        lap = to_files(segmenter, source, ["masks"], frames)
        return lap.frames / lap.seconds

    frames = max(_LEAST, 3 * segmenter.method.longest)
    frames = max(frames, math.ceil(_SECONDS * fps(frames)))
    return median(fps(frames) for _ in range(LAPS))
