"""Confidence of fused labels against the share of them that differ from the network's own.

Algorithm 2 with fusion by confidence, on held-out streets (seeds that no constant was chosen on) and on the drive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks._lib.clips import FAST, SLOW, Pictures, opened, street
from benchmarks._lib.context import Context
from benchmarks._lib.methods import Runner
from warpseg.measure.speed import table

Row = dict[str, Any]

BINS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0])
HELD_OUT = {51: SLOW, 52: FAST, 53: 8.0}  # seed: metres per second
CURVES = {"streets": ("held-out synthetic streets", "#0b7a75"), "drive": ("CamVid's drive", "#d97706")}


def run(context: Context) -> list[Row]:
    """Return, per clip and bin of confidence, the share of cells whose label is not the network's own."""
    network, n = context.network(), context.pick(10, 4)
    held_out = context.pick([*HELD_OUT], [52])
    videos: dict[str, list[Pictures]] = {
        "streets": [street(context, seed, HELD_OUT[seed], 41)[0] for seed in held_out],
        "drive": [context.drive().pictures],
    }
    rows = []
    for clip, pictures in videos.items():
        differ, count = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
        for each in pictures:
            runner = Runner(network, opened(each))
            for estimate in runner.run("interpolate, confidence", n, runner.frames):
                if estimate.confidence is None:
                    continue
                own: Tensor = runner.maps.features(estimate.frame).argmax(0)
                wrong = (estimate.scores.argmax(0) != own).numpy()
                bins = np.clip(np.digitize(estimate.confidence.numpy(), BINS) - 1, 0, len(BINS) - 2)
                differ += np.bincount(bins[wrong], minlength=len(differ))
                count += np.bincount(bins.ravel(), minlength=len(count))
        for low, high, wrong_ones, all_of in zip(BINS[:-1], BINS[1:], differ, count, strict=True):
            row: Row = {"clip": clip, "confidence": [float(low), float(high)], "cells": int(all_of)}
            row["differ"] = 100 * float(wrong_ones / max(all_of, 1))
            print(f"{clip}: confidence {low:.2f} to {high:.2f}: {row['differ']:5.1f} % of {row['cells']} cells differ")
            rows.append(row)
    return rows


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the share of labels that differ by confidence."""
    by_clip = {clip: [row for row in rows if row["clip"] == clip] for clip in ("streets", "drive")}
    lines = []
    for pair in zip(*by_clip.values(), strict=True):
        low, high = pair[0]["confidence"]
        lines.append([f"{low:.2f} to {high:.2f}"])
        for row in pair:
            lines[-1] += [f"{row['cells']}", f"{row['differ']:.1f} %"]
    yield from table.markdown((["confidence", "cells, held-out streets", "differ", "cells, drive", "differ"], lines))


def figure(rows: Sequence[Row], path: Path) -> None:
    """Draw the share of labels that differ against confidence, and how many cells have it."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(10, 3.6), layout="constrained")
    axes = drawing.subplots(1, 2)
    for clip, (label, colour) in CURVES.items():
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
    drawing.savefig(path, dpi=140)


PAGES = {"docs/fusion.md#reliability": tables}
FIGURES = {"docs/images/confidence.png": figure}
