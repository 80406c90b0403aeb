"""``bench.json``: types of its contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from warpseg.run.record import Machine, Model

__all__ = [
    "Bench", "BenchMachine", "BenchRow", "BenchSource", "ColdStart", "Cost", "IntervalColdStart", "PaperTimes",
    "Spread",
]  # fmt: skip


class Spread(TypedDict):
    """A number over the rounds."""

    median: float
    least: float
    most: float


class Cost(TypedDict):
    """Cost of a stage that runs alone."""

    ms_a_frame: float  # wall time, spread over all frames
    cpu_ms_a_frame: float
    runs: int  # of the stage
    median_ms: float  # of one run
    p95_ms: float


class BenchRow(TypedDict):
    """Speed at one interval."""

    interval: int
    frames: int
    keyframes: int
    fps: Spread  # end to end
    speed_up: Spread  # over frame by frame in the same round
    model_fps: Spread  # network, warp and fusion, labels
    model_speed_up: Spread
    first_mask_s: float
    stages: dict[str, Cost]
    between_ms: float | None  # warp, fusion and labels of an intermediate frame
    cpu_ms_a_frame: float
    allowed_fps: float  # by the processor time of the run
    share_of_allowed: float
    slowest: str  # stage
    slowest_fps: float
    share_of_slowest: float


class PaperTimes(TypedDict):
    """The paper's way, timed in the same rounds."""

    ms: dict[str, float]
    between_ms: float  # of an intermediate frame
    model_speed_up: dict[str, float]  # by interval


class ColdStart(TypedDict):
    """A run in a new process."""

    first_run_s: float  # to the first mask, nothing compiled yet
    later_s: float  # likewise, with what the first run compiled
    peak_bytes: int
    measured_by: str


class IntervalColdStart(ColdStart):
    """A cold start and its interval."""

    interval: int


class BenchMachine(Machine):
    """Facts of the machine."""

    cores: int


class BenchSource(TypedDict):
    """Facts of the video."""

    name: str
    size: list[int]  # height, width
    codec: str | None
    rate: float | None
    max_frames: int | None


class Bench(TypedDict):
    """The whole file."""

    what: Literal["bench"]
    command: list[str] | None
    commit: str | None
    started: str
    machine: BenchMachine
    model: Model
    source: BenchSource
    scheme: str
    loading: Mapping[str, Any]  # options of ``warpseg.load``
    options: Mapping[str, Any]  # other options of ``Segmenter``
    save: list[str]
    rounds: int
    rows: list[BenchRow]
    paper: PaperTimes | None
    fresh: IntervalColdStart | None
