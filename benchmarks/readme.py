"""The tables of README.md, written between their markers from benchmarks/results/{drive,speed}.json.

python benchmarks/readme.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from result import fill

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS, README = REPOSITORY / "benchmarks" / "results", REPOSITORY / "README.md"

Facts = Any

ENCODING = "x264 defaults"
SHOWN = {
    "copy": "copy",
    "propagate": "propagate",
    "interpolate, average": "interpolate, the paper's weights",
    "interpolate": "**interpolate**",
}


def drive(found: Facts) -> Iterator[str]:
    """Yield accuracy and speed on CamVid's drive."""
    rows = {(row["scheme"], row["interval"]): row for row in found if row["encoding"] == ENCODING}
    every, own = rows["every", 1], next(row for row in rows.values() if "every_frame" in row)
    yield "| scheme | interval | mIoU average / worst | retention | file to masks | model alone |"
    yield "|---|---|---|---|---|---|"
    yield (
        f"| every frame | 1 | {own['every_frame']:.1f} | 100 % "
        f"| {every['end_to_end_fps']:.0f} fps | {every['model_fps']:.0f} fps |"
    )
    for n in sorted({n for _, n in rows if n > 1}):
        for scheme, name in SHOWN.items():
            row = rows[scheme, n]
            fast = " | "
            if "model_fps" in row:
                fast = (
                    f"{row['end_to_end_fps']:.0f} fps, {row['end_to_end_speed_up']:.1f}x "
                    f"| {row['model_fps']:.0f} fps, {row['model_speed_up']:.1f}x"
                )
            yield (
                f"| {name} | {n} | {row['average']:.1f} / {row['worst']:.1f} "
                f"| {row['average_retention']:.1f} / {row['worst_retention']:.1f} % | {fast} |"
            )


def speed(found: Facts) -> Iterator[str]:
    """Yield frames a second of the embedded network by size, and of the paper's."""
    embedded = {name: facts for name, facts in found.items() if name.startswith("embedded") and "street" in name}
    facts = [*embedded.values(), *(facts for name, facts in found.items() if name == "paper, bf16, confidence")]
    intervals = sorted({row["interval"] for one in facts for row in one["rows"]})
    yield "| network, video, outputs | " + " | ".join(f"n = {n}" if n > 1 else "every frame" for n in intervals) + " |"
    yield "|---|" + "---|" * len(intervals)
    for one, name in zip(facts, [*embedded, "the paper's ResNet-101, 2048x1024, masks"], strict=False):
        cells = {row["interval"]: row for row in one["rows"]}
        shown = [
            f"{cells[n]['fps']['median']:.3g} fps" + (f", {cells[n]['speed_up']['median']:.1f}x" if n > 1 else "")
            if n in cells
            else ""
            for n in intervals
        ]
        yield f"| {name} | " + " | ".join(shown) + " |"


if __name__ == "__main__":
    for section, table in {"drive": drive, "speed": speed}.items():
        path = RESULTS / f"{section}.json"
        if path.exists():
            fill(README, section, table(json.loads(path.read_text(encoding="utf-8"))["results"]))
