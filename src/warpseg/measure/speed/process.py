"""Frames a second on this machine, from source to mask video."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from statistics import median

from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Source
from warpseg.measure.calibration.search import Choice
from warpseg.networks import Network
from warpseg.run.process import process

__all__ = ["LAPS", "frames_per_second"]

LAPS = 3
_LEAST, _SECONDS = 24, 2.0  # of a lap: frames, and time that it should take


def frames_per_second(
    network: Network, source: Source, choice: Choice, n: int, motion: str, flow_weights: Path | None = None
) -> float:
    """Return the median of three runs over the source's first frames, from opening it to the mask video closed.

    Nothing is cached. A run takes about two seconds, and three windows or 24 frames at least; one before them warms
    up. What opening costs weighs more there than in a long video, so a long one is rather faster.
    """
    segmenter = Segmenter(
        network,
        scheme=choice.scheme,
        interval=n,
        fusion=choice.fusion,
        motion=motion,
        flow_weights=flow_weights,
    )

    def lap(frames: int) -> float:
        with tempfile.TemporaryDirectory(prefix="warpseg-") as folder:
            return process(segmenter, source, folder, save=["masks"], max_frames=frames).frames_per_second

    frames = max(_LEAST, 3 * n)
    frames = max(frames, math.ceil(_SECONDS * lap(frames)))
    return median(lap(frames) for _ in range(LAPS))
