"""Description of a result: lines for the terminal, and the facts of a profile."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from warpseg.measure.calibration.profile_json import Evidence, ProfileFacts
from warpseg.measure.calibration.run import CONFIDENCE, Result
from warpseg.measure.calibration.samples import SPAN, Material
from warpseg.measure.calibration.search import Row
from warpseg.measure.calibration.targets import shown
from warpseg.measure.speed.end_to_end import LAPS
from warpseg.run.record import versions

__all__ = ["aim", "facts", "failure", "headline", "lines"]

_WORDS = {
    "min-miou": "mIoU {:g} at least",
    "max-drop": "{:g} points of mIoU below frame by frame at most",
    "min-agreement": "{:g} % agreement with frame by frame at least",
    "target-fps": "{:g} frames a second at least",
}


def aim(result: Result) -> str:
    """Return the target in words."""
    return _WORDS[result.target.kind].format(result.target.value)


def headline(result: Result) -> str:
    """Return the choice in a few words."""
    if result.choice is None:
        return "no setting meets the target"
    return "every frame" if result.row is None else f"{result.choice.label}, interval {result.interval}"


def lines(result: Result, materials: Sequence[Material]) -> list[str]:
    """Explain the choice in a few lines."""
    assert result.choice is not None
    text = [f"target: {aim(result)}"]
    if result.row is None:
        text.append("choice: every frame (interval 1): the network is fast enough to run on each, and nothing is lost")
    else:
        text.append(f"choice: {result.choice.label}, interval {result.interval}: {_reached(result, result.row)}")
        text.append(f"        its worst sample alone has {_value(result, result.row.worst_sample)}")
    if result.target.kind == "target-fps":
        measured = [f"{choice.label} {n}: {fps:.1f}" for (choice, n), fps in result.speeds.items()]
        text.append(f"speed:  frames a second, source to mask video, median of {LAPS} runs: {', '.join(measured)}")
    others = [row for row in _turning_points(result) if row is not result.row]
    text += [f"also:   {row.choice.label}, interval {row.interval}: {_reached(result, row)}" for row in others]
    if result.rows:
        text.append(f"scored: {_sampling(result, materials)}")
    if result.row is not None and result.interval == result.plan.limit and result.target.kind != "target-fps":
        text.append(f"note:   {result.plan.limit} is the largest interval tried; larger ones may do as well")
    return text


def failure(result: Result) -> str:
    """Explain in one line why nothing was chosen."""
    if result.target.kind == "target-fps":
        best = max(result.speeds.items(), key=lambda item: item[1])
        return (
            f"{aim(result)} is not reached on this machine: the fastest is {best[0][0].label}, interval {best[0][1]}, "
            f"with {best[1]:.1f}; no profile is written: try smaller pictures, a lighter network or a larger "
            "--max-interval"
        )
    best_row = max(result.rows, key=lambda row: row.bound)
    missed = f"{aim(result)} is missed at interval 2 already: {best_row.choice.label} has {_reached(result, best_row)}"
    if result.target.kind == "min-miou" and 100 * best_row.by_distance[0] < result.target.value:
        return (
            f"{missed}; the network itself has {100 * best_row.by_distance[0]:.1f} frame by frame, so no interval can "
            "reach it; no profile is written"
        )
    return f"{missed}; no profile is written: run the network on every frame (--scheme every), or ask for less"


def _turning_points(result: Result) -> list[Row]:
    """Return the last row that meets the target and the first that misses it, for each choice."""
    found = []
    for choice in dict.fromkeys(row.choice for row in result.rows):
        of = [row for row in result.rows if row.choice == choice]
        missed = [row for row in of if not row.meets]
        met = [row for row in of if row.meets]
        found += [max(met, key=lambda row: row.interval)] if met else []
        found += [min(missed, key=lambda row: row.interval)] if missed else []
    return found


def _reached(result: Result, row: Row) -> str:
    confidence = f"{CONFIDENCE:.0%}".replace("%", " %")
    limit = "at most" if result.measure == "drop of mIoU" else "at least"
    return (
        f"{_value(result, row.worst)} at the worst distance ({row.worst_distance}), {limit} "
        f"{shown(result.measure, row.bound):.2f} with {confidence} confidence"
    )


def _value(result: Result, value: float) -> str:
    number = shown(result.measure, value)
    return f"{number:.2f} points less mIoU" if result.measure == "drop of mIoU" else f"{number:.2f} {result.measure}"


def _sampling(result: Result, materials: Sequence[Material]) -> str:
    samples = result.plan.samples
    targets = sum(len(sample.targets) for sample in samples)
    sources = len({sample.source for sample in samples})
    return (
        f"{targets} frames in {len(samples)} samples of {SPAN} frames, from {sources} of {len(materials)} sources, "
        f"each at every distance; the network ran on {result.network_frames} frames"
    )


def facts(result: Result, materials: Sequence[Material]) -> ProfileFacts:
    """Return the evidence that a profile holds in addition to its settings, target and model."""
    row = result.row
    evidence = sorted(result.rows, key=lambda each: (each.choice.label, each.interval))
    return {
        "measure": result.measure,
        "confidence": CONFIDENCE,
        "reached": _facts_of(result, row) if row else None,
        "frames_per_second": result.speeds.get((result.choice, result.interval)) if result.choice else None,
        "evidence": [_facts_of(result, each) for each in evidence],
        "speeds": [
            {"scheme": choice.scheme, "fusion": choice.fusion_name, "interval": n, "frames_per_second": round(fps, 2)}
            for (choice, n), fps in result.speeds.items()
        ],
        "sampling": {
            "windows": len(result.plan.samples),
            "span": SPAN,
            "targets": sum(len(sample.targets) for sample in result.plan.samples),
            "network_frames": result.network_frames,
            "largest_interval": result.plan.limit,
            "level_of_each_bound": result.level,
        },
        "sources": [material.name for material in materials],
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "versions": versions(),
    }


def _facts_of(result: Result, row: Row) -> Evidence:
    between = row.by_distance[1:] or row.by_distance
    return {
        "scheme": row.choice.scheme,
        "fusion": row.choice.fusion_name,
        "interval": row.interval,
        "every_frame": round(100 * row.by_distance[0], 3),
        "by_distance": [round(100 * value, 3) for value in between],
        "average": round(100 * sum(between) / len(between), 3),
        "worst": round(shown(result.measure, row.worst), 3),
        "worst_distance": row.worst_distance,
        "bound": round(shown(result.measure, row.bound), 3),
        "weakest_window": round(shown(result.measure, row.worst_sample), 3),
        "meets": row.meets,
    }
