"""The README's figure: accuracy kept against the keyframe interval.

    python benchmarks/figure.py

Reads benchmarks/results/fusion.json, writes docs/images/intervals.png.
"""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

RESULTS, PICTURE = Path("benchmarks/results/fusion.json"), Path("docs/images/intervals.png")
CLIP, ENCODING = "drive", "x264 defaults"
LINES = {  # scheme: label, colour
    "copy": ("nearest keyframe, copied", "#9aa5b1"),
    "propagate": ("Algorithm 1", "#d97706"),
    "interpolate, average": ("Algorithm 2, the paper's weights", "#2563eb"),
    "interpolate, confidence": ("Algorithm 2, weighed by the pictures", "#0b7a75"),
}


def main() -> None:
    rows = [
        row
        for row in json.loads(RESULTS.read_text(encoding="utf-8"))["results"]["intervals"]
        if (row["clip"], row["encoding"]) == (CLIP, ENCODING)
    ]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    readings = {"average_retention": "Average over the frames between", "worst_retention": "At the worst distance"}
    for axis, (reading, title) in zip(axes, readings.items(), strict=True):
        for scheme, (label, colour) in LINES.items():
            of_scheme = sorted((row for row in rows if row["scheme"] == scheme), key=lambda row: row["interval"])
            intervals = [row["interval"] for row in of_scheme]
            axis.plot(intervals, [row[reading] for row in of_scheme], color=colour, lw=2, marker="o", ms=4, label=label)
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
    figure.savefig(PICTURE, dpi=140)


if __name__ == "__main__":
    main()
