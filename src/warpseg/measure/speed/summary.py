"""Summary: numbers of an interval from its laps, medians over the rounds, speed-ups within each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from warpseg.engine.timing import Summary
from warpseg.measure.speed.bench_json import BenchRow, Cost, Spread
from warpseg.measure.speed.end_to_end import Lap
from warpseg.measure.speed.stages import MODEL, STAGES

__all__ = ["Round", "row"]


@dataclass(frozen=True)
class Round:
    """Measurements of an interval in one round."""

    run: Lap
    alone: Mapping[str, Summary]

    @property
    def model_seconds(self) -> float:
        """Seconds per frame of network, warp and fusion, labels."""
        return sum(self.spent(stage) for stage in MODEL) / self.run.frames

    def spent(self, stage: str) -> float:
        """Return the seconds of a stage alone, 0 where it did not run."""
        return self.alone[stage].seconds if stage in self.alone else 0.0


def row(interval: int, rounds: Sequence[Round], every: Sequence[Round], cores: int) -> BenchRow:
    """Return the row of ``interval`` for the result file; ``every`` is frame by frame in the same rounds.

    Frame rates and speed-ups have the least and the most of the rounds. ``allowed_fps`` is the rate that the processor
    time of the run allows on ``cores``, ``slowest_fps`` the rate of the slowest stage alone.
    """
    frames, keyframes = rounds[0].run.frames, rounds[0].run.keyframes
    stages = {name: _stage(name, rounds) for name in STAGES if name in rounds[0].alone}
    cpu = _median(one.run.cpu_seconds / one.run.frames for one in rounds)
    slowest = max(stages, key=lambda name: stages[name]["ms_a_frame"])
    fps = _spread(one.run.frames / one.run.seconds for one in rounds)
    allowed, slowest_fps = cores / cpu, 1000 / stages[slowest]["ms_a_frame"]
    between = frames - keyframes
    propagated = _median(one.spent("warp and fuse") / between if between else 0.0 for one in rounds)
    return {
        "interval": interval,
        "frames": frames,
        "keyframes": keyframes,
        "fps": fps,
        "speed_up": _spread(
            (b.run.seconds / b.run.frames) / (a.run.seconds / a.run.frames) for a, b in zip(rounds, every, strict=True)
        ),
        "model_fps": _spread(1 / one.model_seconds for one in rounds),
        "model_speed_up": _spread(b.model_seconds / a.model_seconds for a, b in zip(rounds, every, strict=True)),
        "first_mask_s": _median(one.run.first for one in rounds),
        "stages": stages,
        "between_ms": 1000 * propagated + stages["labels"]["ms_a_frame"]
        if between
        else None,  # of an intermediate frame
        "cpu_ms_a_frame": 1000 * cpu,
        "allowed_fps": allowed,
        "share_of_allowed": fps["median"] / allowed,
        "slowest": slowest,
        "slowest_fps": slowest_fps,
        "share_of_slowest": fps["median"] / slowest_fps,
    }


def _stage(name: str, rounds: Sequence[Round]) -> Cost:
    found = [one.alone[name] for one in rounds]
    return {
        "ms_a_frame": _median(1000 * one.alone[name].seconds / one.run.frames for one in rounds),
        "cpu_ms_a_frame": _median(1000 * one.alone[name].cpu_seconds / one.run.frames for one in rounds),
        "runs": found[0].count,
        "median_ms": _median(one.median_ms for one in found),
        "p95_ms": _median(one.p95_ms for one in found),
    }


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _spread(values: Iterable[float]) -> Spread:
    found = list(values)
    return {"median": float(np.median(found)), "least": min(found), "most": max(found)}
