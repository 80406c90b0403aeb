"""Plot: accuracy of each scheme against the interval, with the target and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from warpseg.engine.method import Method
from warpseg.measure.calibration.describe import aim, headline
from warpseg.measure.calibration.run import Result
from warpseg.measure.calibration.search import Row
from warpseg.measure.calibration.targets import shown
from warpseg.view.figure import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

_INK, _FAINT, _GRID, _TARGET = "#22262b", "#7b8591", "#e3e7eb", "#c1121f"
_PAINT = {
    Method("copy", fusion="average"): "#7b8591",
    Method("propagate", fusion="average"): "#d07a2d",
    Method("interpolate", fusion="average"): "#2f6fb0",
    Method("interpolate", fusion="confidence"): "#0b7a75",
}
_DODGE = 0.09  # intervals that schemes stand apart, so that bars of one interval do not cover each other


def draw(result: Result, path: Path) -> None:
    """Write the picture as PNG; raises ``OutputError`` where it cannot be written. Needs matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.2))
    axes = figure.add_axes((0.085, 0.115, 0.755, 0.7))
    choices = sorted({row.choice for row in result.rows}, key=list(_PAINT).index)
    for number, choice in enumerate(choices):
        rows = sorted((row for row in result.rows if row.choice == choice), key=lambda row: row.interval)
        _curve(axes, result, rows, _PAINT[choice], (number - (len(choices) - 1) / 2) * _DODGE)
    _labels(axes, result, choices)
    if result.target.kind != "target-fps":
        axes.axhline(result.target.value, color=_TARGET, lw=1.2, ls=(0, (5, 3)), zorder=1)
        axes.annotate(
            f"target {result.target.value:g}", (0, result.target.value), (5, 4), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=_TARGET, size=10, va="bottom",
        )  # fmt: skip
    if result.row is not None:
        x = result.row.interval + _DODGE * (choices.index(result.row.choice) - (len(choices) - 1) / 2)
        y = shown(result.measure, result.row.bound)
        axes.plot(x, y, "o", ms=15, mfc="none", mec=_INK, mew=1.8, zorder=6)
    _frame(axes, result)
    figure.text(0.03, 0.945, headline(result), size=15, color=_INK, weight="bold", parse_math=False)
    figure.text(0.03, 0.9, f"target: {aim(result)}", size=11, color=_INK, parse_math=False)
    legend = (
        "thick: worst distance, with a bar to its 95 % bound (filled: meets the target, open: misses); "
        "thin: mean of the distances; ring: the choice"
    )
    figure.text(0.03, 0.86, legend, size=9.5, color=_FAINT, parse_math=False)
    save(figure, path)


def _curve(axes: Axes, result: Result, rows: Sequence[Row], colour: str, aside: float) -> None:
    x = [row.interval + aside for row in rows]
    worst = [shown(result.measure, row.worst) for row in rows]
    bound = [shown(result.measure, row.bound) for row in rows]
    mean = [shown(result.measure, _mean(result, row)) for row in rows]
    axes.plot(x, mean, color=colour, lw=1, alpha=0.55, zorder=2)
    axes.plot(x, worst, color=colour, lw=2, zorder=3)
    axes.vlines(x, bound, worst, color=colour, lw=1.6, zorder=4)
    for at, low, row in zip(x, bound, rows, strict=True):
        axes.plot(at, low, "o", ms=6, color=colour, mfc=colour if row.meets else "white", mew=1.5, zorder=5)


def _labels(axes: Axes, result: Result, choices: Sequence[Method]) -> None:
    """Name each curve at its right end."""
    from matplotlib.patheffects import withStroke

    for choice in choices:
        last = max((row for row in result.rows if row.choice == choice), key=lambda row: row.interval)
        axes.annotate(
            choice.label.replace(" (", "\n("), (last.interval, shown(result.measure, last.worst)), (10, 0),
            textcoords="offset points", color=_PAINT[choice], size=11, weight="bold", va="center",
            annotation_clip=False, zorder=7, path_effects=[withStroke(linewidth=4, foreground="white")],
        )  # fmt: skip


def _frame(axes: Axes, result: Result) -> None:
    ticks = sorted({row.interval for row in result.rows})
    apart = [ticks[0]] if ticks else []
    span = (ticks[-1] - ticks[0]) if ticks else 1
    for tick in ticks[1:]:
        if tick - apart[-1] >= span / 30:
            apart.append(tick)
    axes.set_xticks(apart)
    axes.set_xlabel("interval (frames from one keyframe to the next)", color=_FAINT)
    unit = {"mIoU": "mIoU, %", "agreement": "agreement with frame by frame, %"}
    axes.set_ylabel(unit.get(result.measure, "points of mIoU below frame by frame"), color=_FAINT)
    if result.measure == "drop of mIoU":
        axes.invert_yaxis()  # better is up, as for the others
    axes.margins(x=0.04, y=0.08)
    axes.grid(axis="y", color=_GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_FAINT, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)


def _mean(result: Result, row: Row) -> float:
    between = row.by_distance[1:] or row.by_distance
    mean = sum(between) / len(between)
    return mean - row.by_distance[0] if result.measure == "drop of mIoU" else mean
