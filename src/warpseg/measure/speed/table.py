"""Table: results of a benchmark for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from warpseg.measure.speed.bench_json import Bench, Cost, Spread
from warpseg.measure.speed.stages import STAGES

__all__ = ["Table", "markdown", "notes", "speed", "stages"]

Table = tuple[list[str], list[list[str]]]  # header, rows


def speed(facts: Bench) -> Table:
    """Return frames a second and speed-ups, one row per interval."""
    paper = facts["paper"]
    header = ["interval", "fps", "speed-up", "model fps", "speed-up", "allowed fps", "share"]
    rows = []
    for row in facts["rows"]:
        allowed, share = row["allowed_fps"], row["share_of_allowed"]
        if _on_gpu(facts):
            allowed, share = row["slowest_fps"], row["share_of_slowest"]
        cells = [
            str(row["interval"]),
            _number(row["fps"]["median"]),
            _times(row["speed_up"]),
            _number(row["model_fps"]["median"]),
            _times(row["model_speed_up"]),
            _number(allowed),
            f"{100 * share:.0f} %",
        ]
        if paper:
            cells.append(f"{paper['model_speed_up'][str(row['interval'])]:.2f}x")
        rows.append(cells)
    return header + (["paper's way"] if paper else []), rows


def stages(facts: Bench) -> Table:
    """Return milliseconds by stage, one column per interval: per frame, then median and p95 of one run."""
    rows = facts["rows"]
    table = []
    for name in STAGES:
        if any(name in row["stages"] for row in rows):
            table.append([name, *(_stage(row["stages"].get(name)) for row in rows)])
    table.append(["intermediate frame *", *(_number(row["between_ms"]) for row in rows)])
    table.append(["processor time", *(_number(row["cpu_ms_a_frame"]) for row in rows)])
    return ["ms per frame", *(f"interval {row['interval']}" for row in rows)], table


def notes(facts: Bench) -> list[str]:
    """Return the other measurements, one line each."""
    fps = "the slowest stage alone" if _on_gpu(facts) else f"its processor time on {facts['machine']['cores']} cores"
    lines = [
        f"fps: from file to {', '.join(facts['save'])}, as allowed by {fps}; model: network, warp, fuse, labels; "
        f"speed-up over frame by frame, median of {facts['rounds']} rounds (least to most)",
        "ms per frame: stages one after the other, in brackets median and p95 of a single run of the stage",
        "* warp, fuse and labels of an intermediate frame",
    ]
    fresh, paper = facts["fresh"], facts["paper"]
    if fresh:
        lines.append(
            f"first mask at interval {fresh['interval']}: {fresh['first_run_s']:.1f} s on a first run, "
            f"{fresh['later_s']:.1f} s later, from the start of the process"
        )
        lines.append(
            f"peak resident memory at interval {fresh['interval']}: {fresh['peak_bytes'] / 2**20:.0f} MiB "
            f"({fresh['measured_by']})"
        )
    if paper:
        parts = ", ".join(f"{name} {value:.1f}" for name, value in paper["ms"].items())
        lines.append(
            f"the paper's way, an intermediate frame: {paper['between_ms']:.1f} ms, motion not counted ({parts})"
        )
    return lines


def markdown(table: Table) -> list[str]:
    """Return the table's lines in Markdown."""
    header, rows = table
    return [_line(header), _line("---" for _ in header), *(_line(row) for row in rows)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _stage(stage: Cost | None) -> str:
    if stage is None:
        return ""
    return f"{_number(stage['ms_a_frame'])} ({_number(stage['median_ms'])}, {_number(stage['p95_ms'])})"


def _on_gpu(facts: Bench) -> bool:
    return str(facts["model"]["device"]).startswith("cuda")


def _times(spread: Spread) -> str:
    if spread["least"] == spread["most"]:
        return f"{spread['median']:.2f}x"
    return f"{spread['median']:.2f}x ({spread['least']:.2f}-{spread['most']:.2f})"


def _number(value: float | None) -> str:
    """Return a number with three digits, the precision of a measurement."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
