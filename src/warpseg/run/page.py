"""Page: one run as a self-contained HTML file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from warpseg.run.samples import Collected, Moment
from warpseg.run.stages import seconds
from warpseg.view.charts import Line, areas, bar, legend, lines, rgb
from warpseg.view.document import document, facts, save, section, tiles
from warpseg.view.html import Html, element, number, percent, table
from warpseg.view.images import (
    Still,
    confidence_still,
    difference_still,
    full_speed,
    jpeg,
    label_still,
    motion_still,
    overlay,
    wheel,
)
from warpseg.view.slider import Slide, thin, viewer

__all__ = ["class_shares", "closing", "command_section", "frames", "page", "when", "write_report"]

_BUDGET = 4_000_000  # bytes of pictures, a third more as text
_NAMED = 24  # classes that a plot distinguishes


def write_report(path: Path, run: Mapping[str, Any], collected: Collected | None = None) -> None:
    """Write one self-contained HTML page about a run.

    ``run`` is what ``run.json`` holds, or whatever of it there is (``command``, ``source`` ...); all of it is shown.
    ``collected`` has the frames and the classes' shares. The page weighs 6 MB at most, however long the video is.
    Raises ``OutputError`` where it cannot be written.
    """
    shown = collected if collected is not None and collected.moments else None
    sections = [_tiles(run)] if run.get("frames") is not None else []
    sections += [frames(shown), class_shares(shown, run)] if shown is not None else []
    save(page(run, [*sections, *closing(run)]), path)


def page(run: Mapping[str, Any], sections: Sequence[Html]) -> Html:
    """Return the document of a run's or an evaluation's ``sections``, under its name and its leading facts."""
    name = Path(str(run.get("source") or (run.get("dataset") or {}).get("name") or "evaluation")).name
    notes = [] if run.get("complete", True) else [f"This run is not complete: {run.get('error') or 'no reason given'}"]
    return document(f"{name} · warpseg", _lead(run), sections, notes=notes)


def closing(run: Mapping[str, Any]) -> list[Html]:
    """Return the sections that close a page: time by stage, the command, all facts."""
    sections = [_speed(run)] if run.get("seconds_by_stage") else []
    sections += [command_section(run["command"])] if run.get("command") else []
    return [*sections, _everything(run)]


def _lead(run: Mapping[str, Any]) -> str:
    video, model = run.get("video") or {}, run.get("model") or {}
    size = video.get("size")
    words = [
        " ".join(filter(None, (video.get("codec"), f"{size[1]}x{size[0]}" if size else None))),
        f"{model['name']} on {model.get('device')}" if model.get("name") else "",
        f"{run['scheme']}, interval {run.get('interval')}" if run.get("scheme") else "",
        str(run["started"])[:16].replace("T", " ") + " UTC" if run.get("started") else "",
    ]
    return " · ".join(word for word in words if word)


def _tiles(run: Mapping[str, Any]) -> Html:
    faster, delay = run.get("speed_up_over_every_frame"), run.get("delay") or {}
    return tiles([
        (number(run.get("frames"), 7), "frames"),
        (number(run.get("keyframes"), 7), "keyframes, where the network ran"),
        (number(run.get("frames_per_second")), "frames a second, file to files"),
        (f"{number(faster)}x" if faster else "—", "the speed of every frame by the network"),
        (f"{number(run.get('seconds'))} s", "in all"),
        (str(delay.get("frames", "—")), "frames of delay"),
    ])  # fmt: skip


def frames(collected: Collected) -> Html:
    """Return the section of sampled frames with a slider."""
    moments = collected.moments
    moves = any(moment.motion is not None for moment in moments)
    full = full_speed(moment.motion for moment in moments if moment.motion is not None)
    slides = thin(
        [Slide(one.index, _when(one), list(_pictures(one, collected, full, moves))) for one in moments],
        _BUDGET,
    )
    unknown = any(moment.shares.sum() < 0.9995 for moment in moments)
    void = any(moment.reference is not None and (moment.reference[1] == 255).any() for moment in moments)
    black = [("unknown", "#000", None)] * unknown + [("no label", "#000", None)] * void
    extra: list[Html] = [legend([(name, colour, None) for name, colour in _named(collected)] + black)]
    if moves:
        caption = (
            "Colour and arrows show where the picture moved since the frame before; "
            f"full colour is {number(full)} pixels per frame or more."
        )
        image = element("img", src=wheel().uri, alt="which colour means which direction", width=44, height=44)
        extra.append(element("p", image, caption, class_="wheel"))
    if collected.has_confidence:
        extra.append(element("p", "Confidence: what is tinted pink is not to be trusted.", class_="wheel"))
        x, y = collected.confidence.points()
        curve = Line("mean confidence", x, y[:, 0].tolist(), 0, dots=False)
        caption = "Mean confidence through time"
        extra.append(lines([curve], caption=caption, x_name="frame", y_name="mean confidence", cursor=True, zero=True))
    about = f"{len(slides)} of {len(collected.shares)} frames, spread evenly; the slider takes the arrow keys."
    if collected.caption:
        about = f"{collected.caption}. {about}"
    return section("Frames", viewer(slides, first=len(slides) // 2), *extra, about=about)


def _when(moment: Moment) -> str:
    words = [when(moment.index, moment.time)]
    if moment.right is not None and moment.reference is not None:
        words.append(f"{percent(moment.right)} as {moment.reference[0]}")
    words.append(f"{moment.distance} from a keyframe" if moment.distance else "keyframe")
    if moment.picture:
        words.append(f"{moment.picture}-picture")
    return ", ".join(words)


def when(index: int, time: float) -> str:
    """Name a frame by its number and its time."""
    return f"frame {index}, {time:.3f} s"


def _pictures(moment: Moment, collected: Collected, full: float, moves: bool) -> Iterator[tuple[str, Still]]:
    yield "input", jpeg(moment.rgb)
    if moment.reference is None:
        yield "overlay", overlay(moment.rgb, moment.labels, collected.classes)
        yield "labels", label_still(moment.labels, collected.classes)
    else:
        caption, reference = moment.reference
        differ = (reference != moment.labels) & (reference != 255)
        yield caption, label_still(reference, collected.classes)
        yield "result", label_still(moment.labels, collected.classes)
        yield "where they differ", difference_still(differ, moment.rgb)
    if moves:  # a frame without motion is drawn as still, so that pictures keep their places
        motion = np.zeros((2, 1, 1), np.float32) if moment.motion is None else moment.motion
        yield f"motion ({moment.motion_source})", motion_still(moment.rgb, motion, full)
    if collected.has_confidence and moment.confidence is not None:
        yield "confidence", confidence_still(moment.rgb, moment.confidence)


def _order(collected: Collected) -> list[int]:
    """Return the classes that are there, the largest first."""
    mean = collected.shares.mean
    return [int(k) for k in mean.argsort()[::-1] if mean[k] > 0]


def _named(collected: Collected) -> list[tuple[str, str]]:
    """Return (name, colour) of the largest classes."""
    classes = collected.classes
    return [(classes.names[k], rgb(classes.colours[k])) for k in _order(collected)[:_NAMED]]


def class_shares(collected: Collected, run: Mapping[str, Any]) -> Html:
    """Return the section of the classes' shares through time."""
    order, classes, mean = _order(collected), collected.classes, collected.shares.mean
    x, values = collected.shares.points()
    shown = order[:_NAMED]
    drawn = values[:, shown]
    names = [classes.names[k] for k in shown]
    colours = [rgb(classes.colours[k]) for k in shown]
    caption = f"Share of each class through time; on average {_largest(names, mean[shown].tolist())}"
    plot = areas(names, colours, x, drawn, caption=caption, x_name="frame", cuts=run.get("scene_cuts") or ())
    if not order:
        return section("Classes", "No pixel has a class.")
    least, most = values.min(0), values.max(0)
    top = max(mean[order[0]], 1e-9)
    rows = [
        (
            element("span", element("i", class_="swatch", style=f"--c:{rgb(classes.colours[k])}"), classes.names[k]),
            bar(mean[k] / top, rgb(classes.colours[k])),
            percent(mean[k]),
            f"{percent(least[k])} to {percent(most[k])}",
        )
        for k in order
    ]
    caption = "Mean share of all pixels, and its range through time"
    shares = table(caption, ["class", "", "mean", "range"], rows, numbers=2)
    absent = [name for k, name in enumerate(classes.names) if k not in set(order)]
    absent_note = element("p", f"Not seen: {', '.join(absent)}.", class_="about") if 0 < len(absent) <= _NAMED else None
    cuts = "A click goes to the nearest shown frame." + (" Dashed: scene cuts." if run.get("scene_cuts") else "")
    return section("Classes", element("div", element("div", plot), shares, class_="pair"), absent_note, about=cuts)


def _largest(names: list[str], shares: list[float]) -> str:
    return ", ".join(f"{name} {percent(share)}" for name, share in list(zip(names, shares, strict=True))[:5])


def _speed(run: Mapping[str, Any]) -> Html:
    stages, frames = seconds(run), run.get("frames") or 0
    total = sum(stages.values()) or 1.0
    longest = max(stages.values()) or 1.0
    rows = [
        (
            name,
            bar(spent / longest),
            f"{spent:.2f}",
            number(1000 * spent / frames if frames else None),
            percent(spent / total),
        )
        for name, spent in stages.items()
    ]
    keys = run.get("keyframes") or 0
    network = stages.get("network", 0.0)
    each = f" The network takes {number(1000 * network / keys)} ms per keyframe." if keys and network else ""
    head = ["stage", element("span", "", class_="bars"), "seconds", "ms per frame", "share"]
    return section("Where the time goes", table("Slowest first", head, rows, numbers=3), about=f"Wall time.{each}")


def command_section(command: list[str], heading: str = "Command") -> Html:
    """Return the command as it can be given to a shell."""
    return section(heading, element("pre", element("code", shlex.join(map(str, command)))))


def _everything(run: Mapping[str, Any]) -> Html:
    """Show all facts: plain ones together, each group of facts under its name."""
    plain = [
        (name, shlex.join(value) if name == "command" and value else value)
        for name, value in run.items()
        if not isinstance(value, dict)
    ]
    groups = [("run", plain)] + [(name, list(value.items())) for name, value in run.items() if isinstance(value, dict)]
    shown = [
        element(
            "div",
            element("h3", name.replace("_", " ")),
            facts([(key.replace("_", " "), _value(value)) for key, value in pairs]),
        )
        for name, pairs in groups
        if pairs
    ]
    return section(
        "All facts", element("div", *shown, class_="groups"), about="The content of the JSON file next to this page."
    )


def _value(value: object) -> object:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, str) and len(item) > 30 for item in value):
            return element("ul", *(element("li", item) for item in value))
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items()) or "none"
    return value
