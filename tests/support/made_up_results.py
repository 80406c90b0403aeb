"""Segmentations and an evaluation that no network made, for the pages that show them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import torch

from warpseg.core.schemes import Estimate
from warpseg.engine.segmentation import Segmentation
from warpseg.run.samples import Collected
from warpseg.types import Classes, Frame, MotionField, VideoInfo

CLASSES = Classes(("road", "<b>person</b>", "sky"), ((128, 64, 128), (220, 20, 60), (70, 130, 180)))
EVALUATION: Any = {
    "dataset": {"name": "a drive"},
    "classes": ["road", "car"],
    "command": ["warpseg", "evaluate"],
    "rows": [
        {
            "scheme": "every", "interval": 1, "average": 70.1, "worst": 70.1, "speed": {"fps": 10.0},
            "per_class": {"average": [90.0, 50.2]},
        },
        {
            "scheme": "interpolate", "interval": 3, "every_frame": 70.1, "by_distance": [68.2, 67.3], "average": 67.75,
            "average_interval": [66.25, 69.25], "worst": 67.3, "worst_interval": [65.0, 69.0],
            "pixel_accuracy": {"average": 91.25}, "per_class": {"average": [89.0, None]},
            "speed": {"fps": 29.5, "speed_up": 2.95, "ms_by_stage": {"network": 30.1, "labels": 1.5}},
        },
        {
            "scheme": "interpolate", "interval": 5, "every_frame": 70.1, "by_distance": [68.2, 66.6, 66.5, 67.9],
            "average": 67.3, "worst": 66.5, "speed": {"fps": 41.0}, "per_class": {"average": [88.0, 47.5]},
        },
    ],
}  # fmt: skip


def segmentation(index: int, distance: int, size: tuple[int, int] = (48, 64), noise: bool = False) -> Segmentation:
    random = np.random.default_rng(index)

    def load() -> np.ndarray[Any, np.dtype[np.uint8]]:
        shape = (*size, 3)
        return random.integers(0, 255, shape, np.uint8) if noise else np.full(shape, index % 256, np.uint8)

    motion = MotionField(torch.full((2, 6, 8), 0.01), torch.ones(6, 8))
    frame = Frame(index, Fraction(index, 25), size, motion, "P", motion_source="codec", load=load)
    scores = torch.from_numpy(random.normal(size=(3, 6, 8)).astype(np.float32))
    return Segmentation(Estimate(frame, distance, scores), CLASSES)


def collected(count: int, interval: int = 5) -> Collected:
    gathered = Collected(VideoInfo("clip", (48, 64)), CLASSES)
    for index in range(count):
        result = segmentation(index, min(index % interval, -index % interval))
        gathered.add(result, result.labels())
    return gathered
