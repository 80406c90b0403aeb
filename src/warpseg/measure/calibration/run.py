"""From sources and a target to settings: plan, search, and for a speed, measure."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warpseg.engine.method import Method
from warpseg.errors import WarpsegError
from warpseg.measure.calibration.bootstrap import FEWEST
from warpseg.measure.calibration.samples import SPAN, Material, Plan, known, plan
from warpseg.measure.calibration.score import ExcerptJudge
from warpseg.measure.calibration.search import Row, largest, smallest_that
from warpseg.measure.calibration.targets import Measure, Target
from warpseg.networks import Network

__all__ = ["CONFIDENCE", "EVERY", "Result", "calibrate", "choices_of"]

CONFIDENCE = 0.95  # of the promise; the schemes tried share the rest
EVERY = Method("every", 1, fusion="average")


Speed = Callable[[Method, int], float]  # frames a second of a choice at an interval


@dataclass(frozen=True)
class Result:
    """What was found, and all that speaks for it."""

    target: Target
    measure: Measure
    choice: Method | None  # None: nothing meets the target
    interval: int
    row: Row | None  # of the choice; None: nothing, or the network on every frame
    rows: tuple[Row, ...]  # all that were judged
    plan: Plan
    network_frames: int
    level: float  # of each single bound
    speeds: dict[tuple[Method, int], float] = field(default_factory=dict)  # frames a second, where they were measured


def choices_of(schemes: Sequence[str]) -> list[Method]:
    """Return what is tried of each scheme: Algorithm 2 by confidence and by distance alone.

    The maxima are left out: they carry features, and lose to the average. Raises ``ValueError`` for scheme ``every``,
    which all choices are compared with.
    """
    if "every" in schemes:
        raise ValueError("scheme 'every' has no interval to choose: give others")
    fusions = {"interpolate": ("average", "confidence")}
    return [Method(scheme, fusion=fusion) for scheme in schemes for fusion in fusions.get(scheme, ("average",))]


def calibrate(
    network: Network,
    materials: Sequence[Material],
    target: Target,
    choices: Sequence[Method],
    *,
    windows: int = 20,
    max_interval: int = 30,
    speed: Speed | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Result:
    """Find the largest interval whose worst distance meets ``target`` with 95 % confidence.

    For a speed (``speed`` measures it) the smallest interval of each choice that reaches it is found, and the one with
    the highest bound taken. Raises ``WarpsegError`` where the sources are too short for five windows, or as they are
    read.
    """
    chosen = plan(known(materials), windows, max_interval)
    if len(chosen.excerpts) < FEWEST or chosen.limit < 2:
        raise WarpsegError(
            f"the sources have room for {len(chosen.excerpts)} windows of {SPAN} frames with {chosen.limit - 1} frames "
            f"on both sides, and {FEWEST} are needed; give longer or more sources, or a smaller --max-interval"
        )
    level = 1 - (1 - CONFIDENCE) / len(choices)
    measure = target.measure(labelled=any(material.labels is not None for material in materials))
    with tempfile.TemporaryDirectory(prefix="warpseg-") as folder:
        judge = ExcerptJudge(network, materials, chosen, measure, target.is_met, level, Path(folder), say)
        speeds: dict[tuple[Method, int], float] = {}
        choice: Method | None = None
        interval = 1
        if target.kind != "target-fps":
            row, rows = largest(judge, choices, chosen.limit)
        else:
            row, rows = None, []
            assert speed is not None

            def fps(of: Method, n: int) -> float:
                if (of, n) not in speeds:
                    speeds[of, n] = speed(of, n)
                    say(f"{of}, interval {n}: {speeds[of, n]:.1f} frames a second")
                return speeds[of, n]

            if fps(EVERY, 1) >= target.value:
                choice = EVERY
            else:
                for each in choices:
                    n = smallest_that(lambda n, each=each: fps(each, n) >= target.value, chosen.limit)  # type: ignore[misc]
                    if n is not None:
                        rows += judge([each], n)
                row = max(rows, key=lambda row: (row.bound, row.worst), default=None)
        if row is not None:
            choice, interval = row.choice, row.interval
        count = judge.network_frames
    return Result(target, measure, choice, interval, row, tuple(rows), chosen, count, level, speeds)
