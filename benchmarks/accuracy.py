"""Accuracy and temporal consistency of every method against the interval, on the drive and on streets.

CamVid's drive (101 labelled frames) in two encodings and two true-speed synthetic streets, the embedded network on
the decoded frames: mIoU at every distance on the same target frames, with 95 % intervals, and temporal consistency
(share of pixels with the label that the previous frame has where the motion leads) over the whole clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._lib import intervals
from benchmarks._lib.clips import DEFAULTS, clips
from benchmarks._lib.context import Context

Row = dict[str, Any]

LINES = {  # method: label, colour
    "copy": ("nearest keyframe, copied", "#9aa5b1"),
    "propagate": ("Algorithm 1", "#d97706"),
    "interpolate, average": ("Algorithm 2, the paper's weights", "#2563eb"),
    "interpolate, maximum": ("Algorithm 2, maximum", "#f0abfc"),
    "interpolate, confidence": ("Algorithm 2, weighed by the pictures", "#0b7a75"),
}


def run(context: Context) -> list[Row]:
    """Return a row per clip, encoding, interval and method."""
    network, rows = context.network(), []
    for clip in clips(context):
        rows += context.part(", ".join(clip[:2]), partial(intervals.measure, context, network, *clip))
    return rows


def figure(rows: Sequence[Row], path: Path) -> None:
    """Draw what is kept on the drive against the interval, on average and at the worst distance."""
    from matplotlib.figure import Figure

    rows = [row for row in rows if (row["clip"], row["encoding"]) == ("drive", DEFAULTS) and row["interval"] > 1]
    drawing = Figure(figsize=(10, 4.2), layout="constrained")
    axes = drawing.subplots(1, 2, sharey=True)
    readings = {"average_retention": "Average over the frames between", "worst_retention": "At the worst distance"}
    for axis, (reading, title) in zip(axes, readings.items(), strict=True):
        for method, (label, colour) in LINES.items():
            of_method = sorted((row for row in rows if row["scheme"] == method), key=lambda row: row["interval"])
            found = [row["interval"] for row in of_method]
            line = ":" if method == "interpolate, maximum" else "-"  # it lies on the paper's weights
            kept = [row[reading] for row in of_method]
            axis.plot(found, kept, color=colour, ls=line, lw=2, marker="o", ms=4, label=label)
            low, high = zip(*(row[f"{reading}_interval"] for row in of_method), strict=True)
            axis.fill_between(found, low, high, color=colour, alpha=0.12, lw=0)
        axis.axhline(100, color="#1f2933", lw=0.8, ls=":")
        axis.set_xscale("log")
        axis.set_xticks(found, [str(n) for n in found])
        axis.minorticks_off()
        axis.set_xlabel("keyframe interval (frames; the network runs on one in so many)")
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axis.set_ylim(45, 103)
        axis.grid(axis="y", color="#e5e7eb", lw=0.8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("% of frame-by-frame mIoU")
    axes[0].legend(frameon=False, loc="lower left", fontsize=9)
    drawing.savefig(path, dpi=140)


PAGES = {
    "docs/fusion.md#intervals": intervals.accuracy_tables,
    "docs/fusion.md#consistency": intervals.consistency_tables,
}
FIGURES = {"docs/images/intervals.png": figure}
