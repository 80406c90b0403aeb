"""Run of ``warpseg calibrate``: plan samples, search the interval, measure speed where that is the target."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warpseg.engine.method import Method
from warpseg.errors import WarpsegError
from warpseg.measure.calibration.bootstrap import FEWEST
from warpseg.measure.calibration.samples import SPAN, Material, Plan, frames_of, plan
from warpseg.measure.calibration.score import SampleScorer
from warpseg.measure.calibration.search import Row, largest, smallest_that
from warpseg.measure.calibration.targets import Measure, Target
from warpseg.networks import Network

__all__ = ["CONFIDENCE", "EVERY", "Result", "calibrate", "choices_of"]

CONFIDENCE = 0.95  # that the target is met; the schemes tried share the rest
EVERY = Method("every", 1, fusion="average")


Speed = Callable[[Method, int], float]  # frames a second of a choice at an interval


@dataclass(frozen=True)
class Result:
    """The chosen settings and the evidence for them."""

    target: Target
    measure: Measure
    choice: Method | None  # None: nothing meets the target
    interval: int
    row: Row | None  # of the choice; None: nothing, or the network on every frame
    rows: tuple[Row, ...]  # all that were scored
    plan: Plan
    network_frames: int
    level: float  # of each single bound
    speeds: dict[tuple[Method, int], float] = field(default_factory=dict)  # frames a second, where they were measured


def choices_of(schemes: Sequence[str]) -> list[Method]:
    """Return the methods to try for each scheme: Algorithm 2 with fusion by confidence and by distance alone.

    The maxima are left out: they propagate features, and are less accurate than the average. Raises ``ValueError`` for
    scheme ``every``, with which all choices are compared.
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

    For a speed, the smallest interval at which each choice reaches it is found, and the one with the highest bound
    taken.

    Args:
        network: the network.
        materials: sources to sample.
        target: the target.
        choices: methods to choose from, whatever their own interval.
        windows: samples at most.
        max_interval: largest interval to try.
        speed: measures frames a second of a choice at an interval; needed where the target is a speed.
        say: called with a line about each setting.

    Raises:
        WarpsegError: the sources are too short for five samples, or cannot be read.
    """
    chosen = plan(frames_of(materials), windows, max_interval)
    if len(chosen.samples) < FEWEST or chosen.limit < 2:
        raise WarpsegError(
            f"the sources have room for {len(chosen.samples)} samples of {SPAN} frames with {chosen.limit - 1} frames "
            f"on both sides, and {FEWEST} are needed; give longer or more sources, or a smaller --max-interval"
        )
    level = 1 - (1 - CONFIDENCE) / len(choices)
    measure = target.measure(labelled=any(material.labels is not None for material in materials))
    with tempfile.TemporaryDirectory(prefix="warpseg-") as folder:
        scorer = SampleScorer(network, materials, chosen, measure, target.is_met, level, Path(folder), say)
        speeds: dict[tuple[Method, int], float] = {}
        choice: Method | None = None
        interval = 1
        if target.kind != "target-fps":
            row, rows = largest(scorer, choices, chosen.limit)
        else:
            row, rows = None, []
            assert speed is not None

            def fps(of: Method, n: int) -> float:
                if (of, n) not in speeds:
                    speeds[of, n] = speed(of, n)
                    say(f"{of.label}, interval {n}: {speeds[of, n]:.1f} frames a second")
                return speeds[of, n]

            if fps(EVERY, 1) >= target.value:
                choice = EVERY
            else:
                for each in choices:
                    n = smallest_that(lambda n, each=each: fps(each, n) >= target.value, chosen.limit)  # type: ignore[misc]
                    if n is not None:
                        rows += scorer([each], n)
                row = max(rows, key=lambda row: (row.bound, row.worst), default=None)
        if row is not None:
            choice, interval = row.choice, row.interval
        count = scorer.network_frames
    return Result(target, measure, choice, interval, row, tuple(rows), chosen, count, level, speeds)
