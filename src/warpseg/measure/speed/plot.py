"""Plot: time by stage, and frames a second against the interval, as PNG; needs matplotlib (the ``plot`` extra)."""

from __future__ import annotations

from pathlib import Path

from warpseg.measure.speed.bench_json import Bench
from warpseg.measure.speed.stages import STAGES
from warpseg.view.figure import check_matplotlib, plain, save

__all__ = ["draw_speed", "draw_stages"]

_COLOURS = dict(zip(STAGES, ("#7b8591", "#d07a2d", "#e9c46a", "#22262b", "#0b7a75", "#5fa8d3", "#8a5a9e"), strict=True))
_PAPER = "#c1121f"


def draw_stages(facts: Bench, path: Path) -> None:
    """Draw milliseconds per frame by stage as stacked bars, one per interval (the paper's Fig. 2)."""
    check_matplotlib()
    from matplotlib.figure import Figure

    rows = facts["rows"]
    figure = Figure(figsize=(9, 0.55 * len(rows) + 2.0), layout="constrained")
    axes = figure.subplots()
    for k, row in enumerate(reversed(rows)):
        left = 0.0
        for name in STAGES:
            wide = row["stages"][name]["ms_a_frame"] if name in row["stages"] else 0.0
            axes.barh(k, wide, left=left, color=_COLOURS[name], height=0.62)
            left += wide
        axes.annotate(f" {left:.1f} ms", (left, k), va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [_name(row["interval"]) for row in rows][::-1])
    axes.set_xlim(0, 1.12 * max(sum(stage["ms_a_frame"] for stage in row["stages"].values()) for row in rows))
    axes.set_xlabel("ms per frame, stages one after the other")
    axes.set_title(_title(facts), loc="left", fontsize=10)
    shown = [name for name in STAGES if any(name in row["stages"] for row in rows)]
    handles = [axes.barh(0, 0, color=_COLOURS[name], label=name) for name in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=8)
    plain(figure)
    save(figure, path)


def draw_speed(facts: Bench, path: Path) -> None:
    """Draw frames a second against the interval, end to end and for the model alone, with the ideal of n times."""
    check_matplotlib()
    from matplotlib.figure import Figure

    rows = facts["rows"]
    intervals = [row["interval"] for row in rows]
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    lines = [
        ([row["fps"] for row in rows], f"file to {', '.join(facts['save'])}", "#0b7a75"),
        ([row["model_fps"] for row in rows], "model alone", "#d07a2d"),
    ]
    for speeds, label, colour in lines:
        ideal = [speeds[0]["median"] * n for n in intervals]
        axes.plot(intervals, ideal, color=colour, ls=":", lw=1.2, label=f"{label}, interval times frame by frame")
        axes.fill_between(
            intervals,
            [speed["least"] for speed in speeds],
            [speed["most"] for speed in speeds],
            color=colour,
            alpha=0.15,
            lw=0,
        )
        axes.plot(intervals, [speed["median"] for speed in speeds], color=colour, marker="o", ms=4, lw=2, label=label)
    if facts["paper"]:
        ms = facts["paper"]["ms"]
        every = 1000 / (ms["network"] + ms["head"])
        fps = [every * facts["paper"]["model_speed_up"][str(n)] for n in intervals]
        axes.plot(intervals, fps, color=_PAPER, marker="s", ms=4, lw=1.5, label="model alone, the paper's way")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(intervals, [str(n) for n in intervals])
    axes.minorticks_off()
    ticks = [base * power for power in (0.01, 0.1, 1, 10, 100, 1000) for base in (1, 2, 5)]
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in ticks if low <= tick <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    axes.set_xlabel("keyframe interval (frames)")
    axes.set_ylabel("frames a second")
    axes.set_title(_title(facts), loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    plain(figure)
    save(figure, path)


def _name(interval: int) -> str:
    return "every frame" if interval == 1 else f"interval {interval}"


def _title(facts: Bench) -> str:
    height, width = facts["source"]["size"]
    model = facts["model"]
    machine = facts["machine"]
    where = machine["gpu"] if model["device"].startswith("cuda") else f"{machine['cpu']}, {machine['cores']} cores"
    return f"{model['name']} {model['precision']}, {width}x{height}, {facts['scheme']}; {where}"
