"""``run.json``: types of its contents."""

from __future__ import annotations

from typing import Any, TypedDict

from warpseg.run.record import Model

__all__ = ["RunDelay", "RunFacts", "RunModel", "RunMotion", "RunPipeline"]


class RunModel(Model):
    """Facts of the network."""

    autocast: bool
    compiled: bool
    classes: int | None
    short_side: tuple[int, int] | None  # pictures are scaled to this range for the network
    imgsz: int | tuple[int, int] | None  # or all of them to this


class RunPipeline(TypedDict):
    """Work that goes on at the same time."""

    networks: int
    torch_threads_each: int
    batch: int
    frames_waiting_at_most: int


class RunDelay(TypedDict):
    """Lag of a result behind the frame that was read last, at most."""

    frames: int
    ms: float | None


class RunMotion(TypedDict):
    """Motion sources: asked for, chosen and why, frames by source."""

    asked: str
    chosen: str
    frames: dict[str, int]


class RunFacts(TypedDict):
    """The whole file."""

    complete: bool
    error: str | None
    command: list[str] | None
    started: str
    source: str
    video: dict[str, Any]  # the fields of ``VideoInfo``
    model: RunModel
    profile: dict[str, Any] | None
    scheme: str
    interval: int | str
    fusion: str
    propagation: str
    reverse: str
    carried: str  # maps that were propagated: scores or features
    pipeline: RunPipeline
    saved: list[str]
    frames: int
    keyframes: int
    delay: RunDelay
    motion: RunMotion
    scene_cuts: list[int]
    seconds: float
    seconds_by_stage: dict[str, float]
    frames_per_second: float
    speed_up_over_every_frame: float | None
    substituted: list[str]
    versions: dict[str, str]
    threads: int
