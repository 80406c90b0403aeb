"""Page: the HTML report about an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from warpseg.measure.accuracy.evaluation_json import Evaluation, EvaluationRow
from warpseg.run.page import class_shares, closing, frames, page
from warpseg.run.samples import Collected
from warpseg.view.charts import Line, bar, legend, lines
from warpseg.view.document import save, section
from warpseg.view.heatmap import heat
from warpseg.view.html import Html, element, number, table

__all__ = ["accuracy", "write_evaluation"]

Setting = Mapping[str, Any]  # a row, its groups flattened

_COLUMNS = {  # key, and what it is called
    "every_frame": "every frame", "average": "average", "worst": "worst",
    "average_retention": "average, % of every frame",
    "worst_retention": "worst, % of every frame", "average_with_keyframes": "with keyframes", "pooled": "pooled",
    "pixel_accuracy": "pixels", "temporal_consistency": "consistency", "fps": "fps", "speed_up": "speed-up",
}  # fmt: skip


def write_evaluation(path: Path, evaluation: Evaluation, collected: Collected | None = None) -> None:
    """Write the page about an evaluation, with sampled frames of one of its methods; raises ``OutputError``."""
    run = {name: value for name, value in evaluation.items() if name != "rows"}
    numbers = accuracy(evaluation)
    shown = [frames(collected), class_shares(collected, run)] if collected is not None and collected.moments else []
    # Of an evaluation, frames are an example: they stand behind the table.
    save(page(run, [*numbers[:1], *shown[:1], *numbers[1:], *shown[1:], *closing(run)]), path)


def accuracy(evaluation: Evaluation) -> list[Html]:
    """Return the sections of a page about an evaluation; absent values are not shown."""
    settings = [_flat(row) for row in evaluation.get("rows") or []]
    if not settings:
        return []
    measure = str(evaluation.get("measure") or "mIoU")
    name = (evaluation.get("dataset") or {}).get("name")
    where = f" on {name}" if name else ""
    about = f"{measure} in percent, all distances on the same target frames; bars and brackets are 95 % intervals."
    if measure == "agreement":
        about = "No labels: agreement with the network's own output on every frame, which is not accuracy. Percent."
    if any(_is_auto(setting) for setting in settings):
        about += (
            " Auto: adaptive keyframes; average is over the intermediate frames of several runs, whose distances "
            "vary, so compare pooled with fixed intervals."
        )
    parts = [section(f"Results{where}", _readings(settings, measure), about=about)]
    parts += [section(heading, plots) for heading, plots in _plots(settings, measure)]
    shown = _farthest(settings)
    categories, classes = evaluation.get("categories") or [], evaluation.get("classes") or []
    for key, names, what in (("per_category", categories, "category"), ("per_class", classes, "class")):
        if any((one.get(key) or {}).get("by_distance") for one in shown):
            maps = [heat(_title(one, settings), names, one[key], what) for one in shown]
            about = "Each scheme at its largest interval. Pink: lost since the keyframe, full colour from 15 points on."
            parts.append(section(f"IoU of each {what} by distance", element("div", *maps, class_="pair"), about=about))
    if any(setting.get("class_iou") for setting in settings):
        parts.append(section("IoU of each class", _by_class(classes, settings)))
    if any(setting.get("ms_by_stage") for setting in settings):
        about = "Wall time of each stage. Stages run at once: together they take longer than a frame does."
        parts.append(section("Milliseconds per frame", _stages(settings), about=about))
    return parts


def _flat(row: EvaluationRow) -> Setting:
    """Return a row with the metrics of its groups next to its plain ones."""
    flat = {**row, **(row.get("speed") or {})}
    flat["pixel_accuracy"] = (row.get("pixel_accuracy") or {}).get("average")
    flat["class_iou"] = (row.get("per_class") or {}).get("average")
    interval = row.get("interval", 1)
    flat["frames"] = float(row["mean_interval"] if interval == "auto" else interval)  # from keyframe to keyframe
    flat["interval"] = f"auto ({flat['frames']:.1f})" if interval == "auto" else str(interval)
    return flat


def _is_auto(setting: Setting) -> bool:
    return str(setting["interval"]).startswith("auto")


def _name(setting: Setting, settings: Sequence[Setting]) -> str:
    """Name a scheme by the options in which it differs from the others."""
    words = [str(setting.get("scheme", "?"))]
    for key in ("motion", "fusion", "propagation", "reverse"):
        values = {str(other[key]) for other in settings if key in other}
        if key in setting and len(values) > 1:
            words.append(str(setting[key]))
    return " ".join([*words, "auto"] if _is_auto(setting) else words)


def _title(setting: Setting, settings: Sequence[Setting]) -> str:
    name = _name(setting, settings).removesuffix(" auto")
    return name if setting["frames"] == 1 else f"{name}, interval {setting['interval']}"


def _groups(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Return the settings that have a distance from the keyframe, by name, the smallest interval first."""
    found: dict[str, list[Setting]] = {}
    for one in settings:
        if one["frames"] > 1:
            found.setdefault(_name(one, settings), []).append(one)
    return {name: sorted(group, key=lambda one: one["frames"]) for name, group in found.items()}


def _farthest(settings: Sequence[Setting]) -> list[Setting]:
    return [group[-1] for group in _groups(settings).values()]


def _readings(settings: Sequence[Setting], measure: str) -> Html:
    keys = [key for key in _COLUMNS if any(setting.get(key) is not None for setting in settings)]

    def cell(setting: Setting, key: str) -> str:
        value = setting.get(key)
        if value is None:
            return "—"
        low, high = setting.get(f"{key}_interval") or (None, None)
        if key in ("fps", "speed_up"):
            return number(value)
        return f"{value:.1f}" + (f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else "")

    rows = [
        (_name(one, settings).removesuffix(" auto"), one["interval"], *(cell(one, key) for key in keys))
        for one in settings
    ]
    head = ["scheme", "interval", *(_COLUMNS[key] for key in keys)]
    return table(f"{measure} of each setting", head, rows, numbers=len(head) - 1)


def _plots(settings: Sequence[Setting], measure: str) -> Iterator[tuple[str, Html]]:
    groups = _groups(settings)
    if any(len(group) > 1 for group in groups.values()):
        plots = _readings_over("frames", groups, settings, measure)
        yield "Against the interval", element("div", *plots, class_="pair")
    if any(one.get("by_distance") for one in settings):
        known = [y for one in settings for y in (one.get("by_distance") or []) if y is not None]
        plots = (_by_distance(name, group, measure, known) for name, group in groups.items())
        yield "By distance from the keyframe", element("div", *plots, class_="pair")
    if sum(one.get("fps") is not None for one in settings) > 1:
        yield "Against speed", element("div", *_readings_over("fps", groups, settings, measure), class_="pair")


def _readings_over(
    key: str, groups: Mapping[str, Sequence[Setting]], settings: Sequence[Setting], measure: str
) -> Iterator[Html]:
    """Plot the average and the worst distance against the interval or the speed; curves begin at frame by frame."""
    every = [one for one in settings if one["frames"] == 1][:1]
    for metric, over in (("average", "average over the intermediate frames"), ("worst", "worst distance")):
        curves = []
        for k, (name, group) in enumerate(groups.items()):
            known = [one for one in group if one.get(metric) is not None and one.get(key)]
            if not known:
                continue
            # Adaptive keyframes are one point, without a curve from frame by frame.
            begun = [] if _is_auto(known[0]) else [one for one in every if one.get(key) and one.get(metric)]
            shown = sorted([*begun, *known], key=lambda one: float(one[key]))
            pairs = [one.get(f"{metric}_interval") for one in shown]
            bars = [(float(pair[0]), float(pair[1])) if pair else None for pair in pairs]
            x, y = [one[key] for one in shown], [one[metric] for one in shown]
            curves.append(Line(name, x, y, k, intervals=bars))
        if curves:
            names = {
                "frames": ("the interval", "frames from keyframe to keyframe"),
                "fps": ("speed", "frames a second"),
            }
            caption = f"{measure}, {over}, against {names[key][0]}"
            plot = lines(curves, caption=caption, x_name=names[key][1], y_name=f"{measure}, %")
            yield element("div", element("h3", over), plot)


def _by_distance(name: str, group: Sequence[Setting], measure: str, also: Sequence[float]) -> Html:
    curves = []
    for k, one in enumerate(group):
        values = [one.get("every_frame"), *(one.get("by_distance") or [])]
        known = [(x, y) for x, y in enumerate(values) if y is not None]
        if len(known) > 1:
            curves.append(Line(f"interval {one['interval']}", [x for x, _ in known], [y for _, y in known], k))
    if not curves:
        return element("div")
    caption = f"{measure} of {name} by distance from the last keyframe"
    plot = lines(curves, caption=caption, x_name="frames since the keyframe", y_name=f"{measure}, %", also=also)
    return element("div", element("h3", name), plot)


def _by_class(classes: Sequence[str], settings: Sequence[Setting]) -> Html:
    shown = [one for one in (*settings[:1], *_farthest(settings)) if one.get("class_iou")]
    heads = [_title(one, settings).replace(", interval", "") for one in shown]
    best = shown[0]["class_iou"]  # frame by frame, where it is among them
    last = shown[-1]["class_iou"]
    names = [*classes, *(f"class {k}" for k in range(len(classes), len(best)))]

    def bars(k: int) -> Html:
        pair = [bar((values[k] or 0.0) / 100, f"var(--s{i})") for i, values in enumerate((best, last)[: len(shown)])]
        return element("span", *pair)

    rows = [
        (name, bars(k), *("—" if one["class_iou"][k] is None else f"{one['class_iou'][k]:.1f}" for one in shown))
        for k, name in enumerate(names)
    ]
    key = legend([(head, None, i) for i, head in enumerate(dict.fromkeys((heads[0], heads[-1])))])
    return element("div", key, table("IoU in percent", ["class", "", *heads], rows, numbers=len(shown)))


def _stages(settings: Sequence[Setting]) -> Html:
    shown = [one for one in settings if one.get("ms_by_stage")]
    totals: dict[str, float] = {}
    for one in shown:
        for stage, spent in one["ms_by_stage"].items():
            totals[stage] = totals.get(stage, 0.0) + spent
    stages = sorted(totals, key=lambda stage: -totals[stage])
    rows = [(_title(one, settings), *(number(one["ms_by_stage"].get(s)) for s in stages)) for one in shown]
    return table("Slowest stage first", ["setting", *stages], rows, numbers=len(stages))
