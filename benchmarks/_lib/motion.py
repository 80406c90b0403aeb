"""Motion: the time that it takes, in milliseconds per frame by stage."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from warpseg.engine.source import open_video
from warpseg.engine.timing import Stages

__all__ = ["cost", "measure"]

Row = dict[str, Any]


def measure(path: Path, motion: str, *, passes: int = 5, max_frames: int | None = None) -> Row:
    """Return milliseconds per frame by stage, and frames per second of a pass that does nothing else; medians.

    Decoders work ahead in threads of their own, so decoding is cheaper during motion than alone: ``decode_alone_ms`` is
    a pass without motion, in turns with the others. ``reverse_ms`` is the additional time of motion the other way,
    which Algorithm 2 asks for.
    """
    laps: list[tuple[float, ...]] = []
    for lap in range(passes + 1):  # the first warms up
        alone, both = Stages(), Stages()
        _pass(path, "none", alone, max_frames)
        frames, _, seconds = _pass(path, motion, both, max_frames)
        _, reverse, _ = _pass(path, motion, Stages(), max_frames, reverse=True)
        if lap:
            spent = (alone.seconds["decode"], both.seconds["decode"], both.seconds["motion"], reverse, seconds)
            laps.append(tuple(value / frames for value in spent))
    *stages, whole = (float(value) for value in np.median(laps, axis=0))
    names = ("decode_alone_ms", "decode_ms", "motion_ms", "reverse_ms")
    return {**{name: 1000 * value for name, value in zip(names, stages, strict=True)}, "fps": 1 / whole}


def cost(row: Row) -> str:
    """Return the milliseconds as text."""
    return f"decode {row['decode_alone_ms']:.2f} ms, motion {row['motion_ms']:.2f} + {row['reverse_ms']:.2f} ms"


def _pass(
    path: Path, motion: str, stages: Stages, max_frames: int | None, *, reverse: bool = False
) -> tuple[int, float, float]:
    """Return frames, seconds spent on motion the other way, and seconds in all."""
    frames, spent, began = 0, 0.0, time.perf_counter()
    with open_video(path, motion=motion, stages=stages, max_frames=max_frames) as video:
        for frame in video:
            frames += 1
            if reverse:
                started = time.perf_counter()
                _ = frame.reverse
                spent += time.perf_counter() - started
    return frames, spent, time.perf_counter() - began
