"""Run folders written without a network, for what reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.sinks.base import FrameResult, Sink
from warpseg.sinks.masks import MaskSink
from warpseg.sinks.statistics import StatisticsSink
from warpseg.types import Classes, Frame, MotionField, VideoInfo

CLASSES = Classes(("road", "<i>car</i>", "sky"), ((128, 64, 128), (0, 0, 142), (70, 130, 180)))
Labels = NDArray[np.uint8] | NDArray[np.uint16]


def random_labels(count: int, seed: int, size: tuple[int, int] = (24, 40)) -> list[Labels]:
    return list(np.random.default_rng(seed).choice(np.array([0, 1, 2, 255], np.uint8), (count, *size)))


def write_run(
    folder: Path,
    labels: Sequence[Labels],
    *,
    frames: Sequence[int] | None = None,
    classes: Classes = CLASSES,
    named: bool = True,
    **facts: Any,
) -> Path:
    """Write what ``compare`` reads of a run."""
    folder.mkdir(parents=True)
    size = (labels[0].shape[0], labels[0].shape[1])
    info = VideoInfo("clip", size, frame_rate=Fraction(25))
    sinks: list[Sink] = [MaskSink(folder / "masks.mkv", info, classes)]
    if named:
        sinks.append(StatisticsSink(folder / "frames.csv", info, classes))
    for index, each in zip(frames or range(len(labels)), labels, strict=True):
        for sink in sinks:
            frame = Frame(index, Fraction(index, 25), size, MotionField.zero())
            sink.write(FrameResult(frame, each, is_key=True, distance=0))
    for sink in sinks:
        sink.close()
    known = {
        "complete": True, "model": {"classes": len(classes)}, "frames": len(labels), "keyframes": 1, "seconds": 2.0,
        "seconds_by_stage": {"network": 1.5}, "frames_per_second": 10.0, "saved": ["masks"],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(known | facts))
    return folder
