"""Plot: figures 2 and 4 as PNG; needs matplotlib (the ``plot`` extra)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warpseg.measure.paper.fig2 import STAGES
from warpseg.view.figure import plain, save

__all__ = ["draw_fig2", "draw_fig4"]

_COLOURS = {
    "every frame": "#22262b", "copy": "#7b8591", "prop-flow": "#8a5a9e", "prop-mv": "#d07a2d", "interp": "#c1121f",
    "ours, propagate": "#5fa8d3", "ours, interpolate": "#0b7a75",
}  # fmt: skip
_PARTS = dict(zip(STAGES, ("#d07a2d", "#0b7a75", "#8a5a9e", "#5fa8d3"), strict=True))


def draw_fig2(facts: dict[str, Any], path: Path) -> None:
    """Draw the time of an intermediate frame as stacked bars, one per way."""
    from matplotlib.figure import Figure

    ways = [way for way, row in facts["ms"].items() if "network" not in row]
    figure = Figure(figsize=(9, 0.6 * len(ways) + 1.6), layout="constrained")
    axes = figure.subplots()
    all_ms: list[tuple[int, float]] = []
    for k, way in enumerate(reversed(ways)):
        row, left = facts["ms"][way], 0.0
        for stage in STAGES:
            axes.barh(k, row.get(stage, 0.0), left=left, color=_PARTS[stage], height=0.62)
            left += row.get(stage, 0.0)
        all_ms.append((k, left))
    axes.set_yticks(range(len(ways)), ways[::-1])
    axes.set_xlabel("ms per intermediate frame, decoding not counted")
    axes.set_title(f"{facts['model']['name']}, {facts['dataset']['clip']}", loc="left", fontsize=10)
    totals = sorted(facts["ms"][way]["all"] for way in ways)
    # A bar many times as long as all others (RAFT on a CPU) is cut, so that the others can be seen.
    shown = totals[-2] if totals[-1] > 5 * totals[-2] else totals[-1]
    axes.set_xlim(0, 1.15 * shown)
    for k, whole in all_ms:
        axes.annotate(f" {whole:.1f} ms", (min(whole, shown), k), va="center", fontsize=9)
    handles = [axes.barh(0, 0, color=_PARTS[stage]) for stage in STAGES]
    axes.legend(handles, STAGES, loc="lower right", frameon=False)
    plain(figure)
    save(figure, path)


def draw_fig4(table: dict[str, Any], path: Path) -> None:
    """Draw accuracy against speed, average and minimum, one curve per scheme; the paper's as retention and speed-up."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    measure, rows, paper = table["measure"], table["rows"], table["paper"]
    grid = figure.subplots(2, 2)
    for axes, key, title in zip(
        grid[0], ("average", "minimum"), ("average, keyframes included", "minimum"), strict=True
    ):
        for name, row in rows.items():
            style = {"marker": "o", "markersize": 3.5, "color": _COLOURS[name], "label": name}
            axes.plot(row["fps"][:1] if name == "every frame" else row["fps"],
                      row[key][:1] if name == "every frame" else row[key], **style)  # fmt: skip
        axes.set(xlabel="frames a second", ylabel=f"{measure}, {title} (%)")
    grid[0][0].legend(frameon=False, fontsize=8)
    for axes, key in zip(grid[1], ("average_retention", "minimum_retention"), strict=True):
        for name in ("prop-flow", "prop-mv", "interp"):
            axes.plot(
                rows[name]["speed_up"], rows[name][key], color=_COLOURS[name], marker="o", markersize=3.5, label=name
            )
            axes.plot(
                paper[name]["speed_up"], paper[name][key], color=_COLOURS[name], linestyle=":", label=f"paper's {name}"
            )
        ours = rows["ours, interpolate"]
        axes.plot(
            ours["speed_up"], ours[key], color=_COLOURS["ours, interpolate"], marker="o", markersize=3.5, label="ours"
        )
        axes.set(xlabel="times as fast as every frame", ylabel=f"{key.replace('_', ', ')} (%)")
    grid[1][0].legend(frameon=False, fontsize=8)
    plain(figure)
    save(figure, path)
