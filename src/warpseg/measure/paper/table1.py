"""Table 1: accuracy and speed of propagation and interpolation at every interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from warpseg.datasets.clip import Dataset
from warpseg.engine.method import Method
from warpseg.files import write_json
from warpseg.measure.accuracy.evaluation_json import EvaluationRow
from warpseg.measure.accuracy.run import evaluate
from warpseg.measure.paper.published import TABLE_1, retention, table1_settings
from warpseg.networks import Network

__all__ = ["NOTES", "table1", "text"]

NOTES = (
    "prop-flow: Algorithm 1, chained, on dense optical flow (OpenCV's DIS, where the paper has a FlowNet of its own)",
    "prop-mv: Algorithm 1 as printed (chained)",
    "interp: Algorithm 2 as printed (chained, vectors negated in place, weighted average)",
    "ours: this program's defaults (motion followed to the keyframe, searched both ways, confidence fusion)",
    "retention: mIoU over frame by frame on the same target frames; average includes keyframes, as the paper's does",
    "the given network, not fine-tuned on warped features as the paper's; scores are propagated, not features",
)


_FACTS = (  # of the evaluation that stand in the table's file too
    "measure", "command", "started", "dataset", "model", "margin", "speed_rounds", "speed_clips", "machine",
)  # fmt: skip


def table1(
    dataset: Dataset,
    network: Network,
    out: Path,
    *,
    intervals: Sequence[int],
    motion: str = "auto",
    rounds: int = 3,
    speed_frames: int | None = None,
    progress: Callable[[str], None] = lambda line: None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure the table and write ``table1.json``; ``table1/evaluation.json`` has the details of each cell.

    Arguments and errors are those of ``evaluate``.
    """
    chosen = table1_settings(list(intervals), motion)
    settings: list[Method] = [setting for row in chosen.values() for setting in row]
    found = evaluate(
        dataset, network, settings, out / "table1",
        rounds=rounds, speed_frames=speed_frames, progress=progress, command=command,
    )  # fmt: skip
    by_name = {row["name"]: row for row in found["rows"]}
    rows = {name: _row([by_name[str(setting)] for setting in row]) for name, row in chosen.items()}
    facts = {key: value for key, value in found.items() if key in _FACTS}
    shown = [n for n in intervals if n <= len(TABLE_1["interp"]["fps"])]
    paper = {
        name: {
            "average_retention": [retention(row["average"])[n - 1] for n in shown],
            "minimum_retention": [retention(row["minimum"])[n - 1] for n in shown],
            "speed_up": [row["fps"][n - 1] / row["fps"][0] for n in shown],
            "fps": [row["fps"][n - 1] for n in shown],
        }
        for name, row in TABLE_1.items()
    }
    table: dict[str, Any] = {"what": "table1", **facts, "notes": NOTES, "intervals": list(intervals), "rows": rows}
    table |= {"paper": {"intervals": shown, **paper}}
    write_json(out / "table1.json", table, parents=True)
    return table


def _row(cells: Sequence[EvaluationRow]) -> dict[str, list[Any]]:
    """Return the metrics of a scheme at each interval; ``average`` is the paper's, keyframes included."""
    averages = cast("list[float]", [cell["average_with_keyframes"] for cell in cells])  # fixed intervals have one
    every = [cell["every_frame"] for cell in cells]
    return {
        "average": averages,
        "minimum": [cell["worst"] for cell in cells],
        "minimum_interval": [cell.get("worst_interval") for cell in cells],
        "average_retention": [100 * value / whole for value, whole in zip(averages, every, strict=True)],
        "minimum_retention": [cell["worst_retention"] for cell in cells],
        "fps": [cell["speed"] and cell["speed"]["fps"] for cell in cells],
        "speed_up": [cell["speed"] and cell["speed"]["speed_up"] for cell in cells],
    }


def text(table: dict[str, Any]) -> str:
    """Return the table in Markdown, with the paper's retention below it."""
    lines = []
    titles = {
        "average": f"{table['measure']}, average with keyframes (%)",
        "minimum": f"{table['measure']}, minimum (%)",
        "average_retention": "retention of the average (%)",
        "minimum_retention": "retention of the minimum (%)",
        "fps": "frames a second",
        "speed_up": "times as fast as every frame",
    }
    for key, title in titles.items():
        lines += [f"**{title}**", "", *_head("scheme", table["intervals"])]
        lines += [_line(name, row[key]) for name, row in table["rows"].items()]
        paper, shown = table["paper"], table["paper"]["intervals"]
        if shown == table["intervals"] and key in paper["interp"]:
            lines += [_line(f"*paper, {name}*", row[key]) for name, row in paper.items() if name != "intervals"]
        lines.append("")
    return "\n".join([*lines, *(f"- {note}" for note in table["notes"])])


def _head(first: str, columns: Sequence[object]) -> list[str]:
    return [f"| {first} | {' | '.join(map(str, columns))} |", "|---" * (len(columns) + 1) + "|"]


def _line(name: str, values: Sequence[float | None]) -> str:
    return f"| {name} | {' | '.join('' if value is None else f'{value:.1f}' for value in values)} |"
