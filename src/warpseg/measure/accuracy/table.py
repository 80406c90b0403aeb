"""Table: an evaluation on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from warpseg.measure.accuracy.evaluation_json import Evaluation, EvaluationRow

__all__ = ["print_table"]


_WHERE_WIDE = ("95 % of it", "95 % of that", "with keys", "pooled")
_LEGEND = (
    "average, worst: {measure} over the distances between keyframes, each distance one matrix; with keys: the paper's "
    "average, keyframes included; pooled: one matrix over all distances; retention: average / worst over frame by "
    "frame on the same frames; pixels: pixel accuracy; consistency: labels that move with the picture"
)
_SPEED = "fps: from source to labels, the stages at once, {rounds} rounds over {clips}; faster: than frame by frame"
_AUTO = (
    "{name}: a keyframe every {mean_interval:.1f} frames on average ({keyframe_share:.1f} % of frames), in {runs} runs "
    "that begin at different frames; average: one matrix over their intermediate frames; worst: of the distances at "
    "which enough targets occurred; compare pooled with fixed intervals"
)
_PIPE, _WIDE = 170, 150  # columns where there is no terminal; columns that everything needs


def print_table(found: Evaluation) -> None:
    """Print an evaluation: one line per method, then accuracy by distance."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE)
    measure, data, model = found["measure"], found["dataset"], found["model"]
    clips = f"{len(data['clips'])} clips" if len(data["clips"]) > 1 else data["clips"][0]
    sees = f"{model['name']} on {data['network_sees']}"
    encoding = data["encoding"] or "source as it is"
    console.print(
        f"{data['name']}: {clips}, {found['rows'][0]['targets']} target frames; {sees}; {encoding}", markup=False
    )
    if measure == "agreement":
        console.print("No labels: agreement is with the network's own result on every frame, not with the truth.")
    table = Table(box=box.SIMPLE, pad_edge=False)
    rows = [_cells(row, measure) for row in found["rows"]]
    names = [name for name in rows[0] if console.width >= _WIDE or name not in _WHERE_WIDE]
    for name in names:
        table.add_column(name, justify="left" if name == "setting" else "right", no_wrap=True)
    for cells in rows:
        table.add_row(*(cells[name] for name in names))
    console.print(table)
    console.print(_LEGEND.format(measure=measure))
    if found["speed_rounds"]:
        timed = found["speed_clips"]
        clips = timed[0] if len(timed) == 1 else f"{len(timed)} clips"
        console.print(_SPEED.format(rounds=found["speed_rounds"], clips=clips), markup=False)
    for row in found["rows"]:
        if row["interval"] == "auto":
            console.print(_AUTO.format(**row), markup=False)
    _print_distances(console, found)
    if found["categories"]:
        _print_categories(console, found)


def _print_distances(console: Console, found: Evaluation) -> None:
    longest = max(len(row["by_distance"]) for row in found["rows"])
    if longest:
        table = Table(box=box.SIMPLE, pad_edge=False)
        table.add_column("distance")
        for p in range(longest + 1):
            table.add_column(str(p), justify="right")
        for row in found["rows"]:
            table.add_row(row["name"], *map(_number, [row["every_frame"], *row["by_distance"]]))
        console.print(table)


def _print_categories(console: Console, found: Evaluation) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False, title="IoU of categories, average", title_justify="left")
    table.add_column("setting")
    for name in (*found["categories"], "mean"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        cells = [*row["per_category"]["average"], row["category_iou"]["average"]]
        table.add_row(row["name"], *map(_number, cells))
    console.print(table)


def _cells(row: EvaluationRow, measure: str) -> dict[str, str]:
    speed = row["speed"]
    return {
        "setting": row["name"],
        f"{measure} average": _number(row["average"]),
        "95 % of it": _interval(row.get("average_interval")),
        "worst": _number(row["worst"]),
        "95 % of that": _interval(row.get("worst_interval")),
        "with keys": _number(row["average_with_keyframes"]),
        "pooled": _number(row["pooled"]),
        "retention %": f"{_number(row['average_retention'])} / {_number(row['worst_retention'])}",
        "pixels": _number(row["pixel_accuracy"]["average"]),
        "consistency": _number(row["temporal_consistency"]),
        "fps": _number(speed["fps"]) if speed else "",
        "faster": f"{speed['speed_up']:.2f}x" if speed else "",
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _interval(values: Sequence[float] | None) -> str:
    return "" if values is None else f"{values[0]:.1f}-{values[1]:.1f}"
