"""Profile file: types of what it holds besides settings, target and network. Accuracies are percent or points."""

from __future__ import annotations

from typing import TypedDict

from warpseg.measure.calibration.targets import Measure

__all__ = ["Evidence", "MeasuredSpeed", "ProfileFacts", "Sampling"]


class Evidence(TypedDict):
    """A setting that was scored."""

    scheme: str
    fusion: str
    interval: int
    every_frame: float
    by_distance: list[float]  # at 1, 2, ... frames after the keyframe
    average: float
    worst: float
    worst_distance: int
    bound: float  # confidence bound of the worst distance
    weakest_window: float  # the worst distance of the worst sample
    meets: bool  # whether the bound meets the target


class MeasuredSpeed(TypedDict):
    """Speed of a setting on this machine."""

    scheme: str
    fusion: str
    interval: int
    frames_per_second: float


class Sampling(TypedDict):
    """Frames that settings were scored on."""

    windows: int
    span: int  # frames of a window
    targets: int
    network_frames: int  # frames that the network ran on
    largest_interval: int
    level_of_each_bound: float


class ProfileFacts(TypedDict):
    """The evidence for a profile."""

    measure: Measure
    confidence: float
    reached: Evidence | None  # by the chosen setting; None: the network runs on every frame
    frames_per_second: float | None
    evidence: list[Evidence]
    speeds: list[MeasuredSpeed]
    sampling: Sampling
    sources: list[str]
    made: str
    command: list[str]
    versions: dict[str, str]
