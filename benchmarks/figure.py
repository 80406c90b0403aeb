"""Two figures: accuracy kept against the keyframe interval (README), and what confidence means (docs/fusion.md).

    python benchmarks/figure.py

Reads benchmarks/results/fusion.json, writes docs/images/intervals.png and docs/images/confidence.png.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

RESULTS, IMAGES = Path("benchmarks/results/fusion.json"), Path("docs/images")
NETWORK, CLIP, ENCODING = "camvid", "drive", "x264 defaults"
LINES = {  # scheme: label, colour
    "copy": ("nearest keyframe, copied", "#9aa5b1"),
    "propagate": ("Algorithm 1", "#d97706"),
    "interpolate, average": ("Algorithm 2, the paper's weights", "#2563eb"),
    "interpolate, maximum": ("Algorithm 2, maximum", "#f0abfc"),
    "interpolate, confidence": ("Algorithm 2, weighed by the pictures", "#0b7a75"),
}
RELIABILITY = {"streets": ("held-out synthetic streets", "#0b7a75"), "drive": ("CamVid's drive", "#d97706")}

Row = dict[str, Any]


def accuracy(rows: Sequence[Row]) -> None:
    """Draw what is kept against the interval, on average and at the worst distance."""
    rows = [
        row
        for row in rows
        if (row["network"], row["clip"], row["encoding"]) == (NETWORK, CLIP, ENCODING) and row["interval"] > 1
    ]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    readings = {"average_retention": "Average over the frames between", "worst_retention": "At the worst distance"}
    for axis, (reading, title) in zip(axes, readings.items(), strict=True):
        for scheme, (label, colour) in LINES.items():
            of_scheme = sorted((row for row in rows if row["scheme"] == scheme), key=lambda row: row["interval"])
            intervals = [row["interval"] for row in of_scheme]
            line = ":" if scheme == "interpolate, maximum" else "-"  # it lies on the paper's weights
            kept = [row[reading] for row in of_scheme]
            axis.plot(intervals, kept, color=colour, ls=line, lw=2, marker="o", ms=4, label=label)
            low, high = zip(*(row[f"{reading}_interval"] for row in of_scheme), strict=True)
            axis.fill_between(intervals, low, high, color=colour, alpha=0.12, lw=0)
        axis.axhline(100, color="#1f2933", lw=0.8, ls=":")
        axis.set_xscale("log")
        axis.set_xticks(intervals, [str(n) for n in intervals])
        axis.minorticks_off()
        axis.set_xlabel("keyframe interval (frames; the network runs on one in so many)")
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axis.set_ylim(45, 103)
        axis.grid(axis="y", color="#e5e7eb", lw=0.8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("% of frame-by-frame mIoU")
    axes[0].legend(frameon=False, loc="lower left", fontsize=9)
    figure.savefig(IMAGES / "intervals.png", dpi=140)


def confidence(rows: Sequence[Row]) -> None:
    """Draw the share of labels that differ from the network's own against confidence, and how many cells have it."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.subplots(1, 2)
    for clip, (label, colour) in RELIABILITY.items():
        of_clip = [row for row in rows if row["clip"] == clip]
        middle = [sum(row["confidence"]) / 2 for row in of_clip]
        cells = sum(row["cells"] for row in of_clip)
        below = [100 * sum(row["cells"] for row in of_clip[: i + 1]) / cells for i in range(len(of_clip))]
        axes[0].plot(middle, [row["differ"] for row in of_clip], color=colour, lw=2, marker="o", ms=4, label=label)
        axes[1].plot([row["confidence"][1] for row in of_clip], below, color=colour, lw=2, marker="o", ms=4)
    for axis, title, unit in (
        (axes[0], "Labels that are not the network's own", "% of cells"),
        (axes[1], "Cells with at most this confidence", "% of all cells"),
    ):
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axis.set_xlabel("confidence")
        axis.set_ylabel(unit)
        axis.set_xlim(0, 1.02)
        axis.set_ylim(0, None)
        axis.grid(axis="y", color="#e5e7eb", lw=0.8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(IMAGES / "confidence.png", dpi=140)


def main() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["results"]
    accuracy(found["intervals"])
    confidence(found["reliability"])


if __name__ == "__main__":
    main()
