"""Table 2: gain of fusing the maps of both keyframes over either of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from warpseg.datasets.clip import Dataset
from warpseg.engine.method import Method
from warpseg.files import write_json
from warpseg.measure.accuracy.evaluation_json import EvaluationRow
from warpseg.measure.accuracy.run import evaluate
from warpseg.measure.paper.published import TABLE_2, retention
from warpseg.networks import Network, checksum
from warpseg.networks.convolution import load_convolution

__all__ = ["convolution", "table2", "text"]

DISTANCES = (1, 2, 3, 4)
_WAYS: dict[str, dict[str, Any]] = {
    "as printed": {"propagation": "chained", "reverse": "negated"},
    "ours": {"propagation": "composed", "reverse": "searched"},
}
# Facts of the evaluation that stand in the table's file too.
_FACTS = ("measure", "command", "started", "dataset", "model", "margin", "machine")
_IMPOSSIBLE = (("as printed", "confidence"),)  # it follows motion to the keyframe
NOTES = (
    "each target frame lies d frames after one keyframe and d before the next; the same targets at every d",
    "forward, backward: the warped map of one keyframe alone",
    "max: the weighted maximum divided by the larger weight; max, literal: not divided, as printed",
    "confidence: weighted by how well each keyframe's picture explains the frame (the default, not in the paper)",
    "conv: a 1x1 convolution of both weighted maps, where its weights are given",
    "as printed: chained warps, vectors negated in place; ours: motion followed to the keyframe, searched both ways",
)


def forward(forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
    """Take the previous keyframe's map alone."""
    return forward


def backward(forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
    """Take the next keyframe's map alone."""
    return backward


def convolution(path: Path) -> Callable[[Tensor, Tensor, float], Tensor]:
    """Return the paper's learned fusion, run on features as printed; errors are those of ``load_convolution``."""
    learned = load_convolution(path)

    # A plain function: the segmenter would fold a Convolution into another network than the remembering one.
    def conv(forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
        return learned.operator(forward, backward, alpha)

    conv.__name__ = f"conv {checksum(path)[:8]}"  # results of other weights are not mixed up
    return conv


def table2(
    dataset: Dataset,
    network: Network,
    out: Path,
    *,
    motion: str = "auto",
    fusion_weights: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure the table and write ``table2.json``. Arguments and errors are those of ``evaluate``."""
    fusions: dict[str, Any] = {
        "forward": forward, "backward": backward, "max": "maximum", "max, literal": "maximum-literal",
        "average": "average", "confidence": "confidence",
        "conv": convolution(fusion_weights) if fusion_weights else None,
    }  # fmt: skip
    if not network.shows_features and (fusion_weights or fusions["max"]):
        progress(f"note: {network.name} shows no features, so its scores are fused")
    chosen = {
        way: {
            name: [Method("interpolate", 2 * d, motion=motion, fusion=fusion, **options) for d in DISTANCES]
            for name, fusion in fusions.items()
            if fusion is not None and (way, name) not in _IMPOSSIBLE
        }
        for way, options in _WAYS.items()
    }
    settings = [setting for rows in chosen.values() for row in rows.values() for setting in row]
    found = evaluate(dataset, network, settings, out / "table2", rounds=0, progress=progress, command=command)
    by_name = {row["name"]: row for row in found["rows"]}
    every = found["rows"][0]["every_frame"]
    table = {
        "what": "table2",
        **{key: value for key, value in found.items() if key in _FACTS},
        "notes": NOTES,
        "distances": list(DISTANCES),
        "every_frame": every,
        "targets": found["rows"][0]["targets"],
        "rows": {
            way: {
                name: _row([by_name[str(setting)] for setting in rows[name]], every)
                if name in rows
                else ("" if (way, name) in _IMPOSSIBLE else "not given")
                for name in fusions
            }
            for way, rows in chosen.items()
        },
        "paper": {name: {"retention": retention(values)} for name, values in TABLE_2.items()},
    }
    write_json(out / "table2.json", table, parents=True)
    return table


def _row(cells: Sequence[EvaluationRow], every: float) -> dict[str, Any]:
    # Fixed intervals have a value at every distance.
    values = cast("list[float]", [cell["by_distance"][d - 1] for d, cell in zip(DISTANCES, cells, strict=True)])
    return {
        "value": values,
        "interval": [
            cell["by_distance_interval"][d - 1] if "by_distance_interval" in cell else None
            for d, cell in zip(DISTANCES, cells, strict=True)
        ],
        "retention": [100 * value / every for value in values],
    }


def text(table: dict[str, Any]) -> str:
    """Return the table in Markdown: retention of each fusion by distance, and the paper's."""
    columns = [*table["rows"]["ours"]]
    lines = [f"frame by frame: {table['measure']} {table['every_frame']:.1f} on {table['targets']} target frames", ""]
    for way, rows in table["rows"].items():
        lines += [f"**{table['measure']} (retention, %), {way}**", "", f"| distance | {' | '.join(columns)} |"]
        lines.append("|---" * (len(columns) + 1) + "|")
        for k, d in enumerate(table["distances"]):
            cells = [
                row if isinstance(row, str) else f"{row['value'][k]:.1f} ({row['retention'][k]:.1f})"
                for row in (rows[name] for name in columns)
            ]
            lines.append(f"| {d} | {' | '.join(cells)} |")
        lines.append("")
    lines += ["**the paper's retention (%)**", "", f"| distance | {' | '.join(table['paper'])} |"]
    lines.append("|---" * (len(table["paper"]) + 1) + "|")
    for k, d in enumerate(table["distances"]):
        cells = [f"{row['retention'][k]:.1f}" for row in table["paper"].values()]
        lines.append(f"| {d} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {note}" for note in table["notes"])])
