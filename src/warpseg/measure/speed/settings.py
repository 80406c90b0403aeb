"""How fast settings are: whole runs with nothing remembered, taking turns, so that all see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from warpseg.datasets.clip import Clip
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmenter import Segmenter
from warpseg.engine.timing import Stages
from warpseg.networks import Network
from warpseg.view.sampling import evenly

__all__ = ["measure", "some_of"]

_CLIPS = 8  # at most, of which speed is measured


def some_of(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips that speed is measured on: all, or eight that are spread evenly over them."""
    return evenly(clips, _CLIPS)


def measure(
    clips: Sequence[Clip],
    network: Network,
    settings: Sequence[Method],
    *,
    frames: int | None = None,
    rounds: int = 3,
    done: Callable[[int, Method], None] = lambda lap, setting: None,
) -> dict[Method, dict[str, Any]]:
    """Return, for each setting, frames a second, speed-up and milliseconds a frame by stage.

    From source to labels at the frames' size, nothing written: decoding, motion, network, warp and fusion, labels, of
    the first ``frames`` of each clip's own source (decoded frames, also where accuracy is of clean ones), the stages at
    once as in ``warpseg segment``. Each round runs every setting once over all ``clips``, after one to warm up;
    speed-ups are over frame by frame in the same round. Medians of the rounds.
    """
    settings = list(dict.fromkeys([EVERY, *settings]))
    segmenters = {setting: Segmenter(network, method=setting) for setting in settings}
    laps: dict[Method, list[dict[str, float]]] = {setting: [] for setting in settings}
    for lap in range(rounds + 1):
        for setting, segmenter in segmenters.items():
            stages, started = Stages(), time.perf_counter()
            count = sum(_run(segmenter, clip, frames, stages) for clip in clips)
            seconds = time.perf_counter() - started
            if lap:
                laps[setting].append(
                    {"all": seconds / count} | {stage: spent / count for stage, spent in stages.seconds.items()}
                )
            done(lap, setting)
    return {setting: _medians(laps[setting], laps[EVERY]) for setting in settings}


def _run(segmenter: Segmenter, clip: Clip, frames: int | None, stages: Stages) -> int:
    """Segment a clip once, as ``segment`` does, and return how many frames it has."""
    source, limit = clip.find_source(), min(filter(None, (frames, clip.max_frames)), default=None)
    count = 0
    recorded = isinstance(source, (str, Path))
    with segmenter.running(source, stages=stages, max_frames=limit, threads=recorded) as run:
        for result in run.results:
            result.labels()
            count += 1
    return count


def _medians(laps: list[dict[str, float]], every: list[dict[str, float]]) -> dict[str, Any]:
    ratios = [b["all"] / a["all"] for a, b in zip(laps, every, strict=True)]
    stages = {name for lap in laps for name in lap} - {"all"}
    return {
        "fps": 1 / float(np.median([lap["all"] for lap in laps])),
        "speed_up": float(np.median(ratios)),
        "speed_ups": ratios,  # of each round
        "ms_by_stage": {name: 1000 * float(np.median([lap.get(name, 0.0) for lap in laps])) for name in sorted(stages)},
    }
