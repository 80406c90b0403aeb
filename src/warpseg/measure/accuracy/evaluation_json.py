"""``evaluation.json``: types of its contents. Accuracies are percent, absent values None, intervals [low, high]."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from warpseg.run.record import Machine, Model

__all__ = [
    "Bootstrap", "ByClass", "Curve", "Evaluation", "EvaluationDataset", "EvaluationModel", "EvaluationRow", "Metrics",
    "Results", "Speed",
]  # fmt: skip


class ByClass(TypedDict):
    """IoU of each class, or of each category; None for one that does not occur."""

    every_frame: list[float | None]
    by_distance: list[list[float | None]]
    average: list[float | None]
    pooled: list[float | None]


class Curve(TypedDict):
    """One metric frame by frame, at each distance, and on average over the distances."""

    every_frame: float | None
    by_distance: list[float | None]
    average: float | None


class Bootstrap(TypedDict):
    """Units that are drawn for the 95 % intervals."""

    of: Literal["clips", "frames"]
    block: int  # neighbouring units that are drawn together


class Speed(TypedDict):
    """Speed of a method, from source to labels."""

    fps: float
    speed_up: float  # over frame by frame, median of the rounds
    speed_ups: list[float]  # of each round
    ms_by_stage: dict[str, float]  # milliseconds per frame


class Metrics(TypedDict):
    """Accuracy of a method on its target frames."""

    targets: int
    every_frame: float  # frame by frame, on the same target frames
    by_distance: list[float | None]  # at 1, 2, ... frames after the keyframe
    average_with_keyframes: float | None
    pooled: float
    average: float
    worst: float | None
    average_retention: float  # over frame by frame, as worst_retention
    worst_retention: float | None
    by_distance_interval: NotRequired[list[list[float]]]  # 95 % intervals, where there are enough targets
    average_interval: NotRequired[list[float]]
    worst_interval: NotRequired[list[float]]
    average_retention_interval: NotRequired[list[float]]
    worst_retention_interval: NotRequired[list[float]]
    mean_interval: NotRequired[float]  # of adaptive intervals, as the two below
    keyframe_share: NotRequired[float]
    runs: NotRequired[int]


class Results(Metrics):
    """Everything that a method reached on all clips together."""

    bootstrap: Bootstrap | None
    per_class: ByClass
    pixel_accuracy: Curve
    per_category: NotRequired[ByClass]
    category_iou: NotRequired[Curve]
    temporal_consistency: float | None


class EvaluationRow(Results):
    """A method and its results; fields that the method does not use are absent."""

    name: str
    scheme: str
    interval: int | Literal["auto"]
    max_interval: NotRequired[int]
    motion: NotRequired[str]
    flow_weights: NotRequired[str]
    propagation: NotRequired[str]
    fusion: NotRequired[str]
    fusion_weights: NotRequired[str]
    reverse: NotRequired[str]
    speed: Speed | None


class EvaluationDataset(TypedDict):
    """Facts of the data set."""

    name: str
    clips: list[str]
    labels: int
    encoding: str | None
    network_sees: str


class EvaluationModel(Model):
    """Facts of the network."""

    short_side: tuple[int, int] | None  # pictures are scaled to this range for the network
    imgsz: int | tuple[int, int] | None  # or all of them to this
    compiled: bool


class Evaluation(TypedDict):
    """The whole file."""

    what: Literal["evaluation"]
    measure: Literal["mIoU", "agreement"]
    command: list[str] | None
    started: str
    dataset: EvaluationDataset
    model: EvaluationModel
    classes: list[str]
    categories: list[str]
    margin: int  # frames that each target has on either side
    speed_rounds: int
    speed_clips: list[str]
    speed_frames: int | None  # of each clip at most
    machine: Machine
    rows: list[EvaluationRow]
