"""Page: the HTML page about two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from warpseg.measure.runs.agreement import Comparison, Place, Shared, pairs
from warpseg.run.folder import Run
from warpseg.run.page import command_section, when
from warpseg.run.stages import milliseconds
from warpseg.view.charts import Line, bar, lines, rgb
from warpseg.view.document import document, save, section, tiles
from warpseg.view.html import Html, element, number, percent, table
from warpseg.view.images import Still, difference_still, jpeg, label_still, reduce, shrink
from warpseg.view.slider import Slide, thin, viewer

__all__ = ["write_comparison"]

_BUDGET = 4_000_000  # bytes of pictures, a third more as text


def write_comparison(path: Path, found: Comparison) -> None:
    """Write the page; reads the masks (and the overlays, where both runs have them) again for the frames it shows.

    Raises ``OutputError`` where it cannot be written.
    """
    a, b = found.a, found.b
    names = [Path(str(run.facts.get("source") or run.folder)).name for run in (a, b)]
    sections = [_tiles(found), _settings(found), _frames(found), _through_time(found), _classes(found), _stages(found)]
    for sign, run in (("A", a), ("B", b)):
        if run.facts.get("command"):
            sections.append(command_section(run.facts["command"], f"Command of {sign}"))
    title = " and ".join(dict.fromkeys(names))
    lead = f"A: {a.folder} · B: {b.folder}. Agreement is of the labels with each other, not with true labels."
    save(document(f"{title} · warpseg compare", lead, sections, notes=found.notes()), path)


def _tiles(found: Comparison) -> Html:
    fps = [run.facts.get("frames_per_second") for run in (found.a, found.b)]
    ratio = f"{number(fps[1] / fps[0])}x" if fps[0] and fps[1] else "—"
    return tiles([
        (percent(found.agreement), "of pixels agree"),
        (percent(found.mean_iou), "mean IoU of A and B"),
        (percent(found.worst.agreement), f"agree in frame {found.worst.index}, the worst"),
        (number(found.frames, 7), "frames compared"),
        (f"{number(fps[0])} / {number(fps[1])}", "frames a second, A / B"),
        (ratio, "B's speed over A's"),
    ])  # fmt: skip


def _settings(found: Comparison) -> Html:
    rows = [(name.replace("_", " ").replace(".", ", "), _said(a), _said(b)) for name, a, b in found.settings()]
    if not rows:
        return section("Settings", "Both runs have the same settings.")
    return section("Settings that differ", table("What run.json says", ["setting", "A", "B"], rows))


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "—" if value is None else str(value)


def _frames(found: Comparison) -> Html:
    slides = thin(list(_slides(found)), _BUDGET)
    worst = min(slides, key=lambda slide: abs(slide.index - found.worst.index))
    about = (
        f"{len(slides)} of {found.frames} frames: the one of each part of the video that agrees least. "
        "Pink: the labels differ."
    )
    return section("Where they differ", viewer(slides, first=slides.index(worst)), about=about)


def _slides(found: Comparison) -> Iterator[Slide]:
    """Decode both runs once more, up to the last frame that is shown."""
    wanted = {place.position: place for place in found.places}
    drawn = found.a.has_overlay() and found.b.has_overlay()
    overlays = [enumerate(run.overlay()) for run in (found.a, found.b)] if drawn else []
    at = [_Cursor(each) for each in overlays]
    behind = -1  # B's position
    for shared, alone in pairs(found.a, found.b):
        if shared is None:
            return
        behind = shared.position - alone[0] + alone[1]
        if shared.position not in wanted:
            continue
        place = wanted.pop(shared.position)
        frames = [cursor.to(position) for cursor, position in zip(at, (shared.position, behind), strict=False)]
        yield _slide(found, shared, place, [frame for frame in frames if frame is not None])
        if not wanted:
            return


class _Cursor:
    """Goes forward to a frame by its position."""

    def __init__(self, frames: Iterator[tuple[int, VideoFrame]]) -> None:
        self._frames = frames

    def to(self, position: int) -> VideoFrame | None:
        return next((frame for at, frame in self._frames if at == position), None)


def _slide(found: Comparison, shared: Shared, place: Place, overlays: list[VideoFrame]) -> Slide:
    aspect = _aspect(found.a)
    a, b = (shrink(labels, aspect) for labels in (shared.a, shared.b))
    caption = f"{when(place.index, shared.milliseconds / 1000)}, {percent(place.agreement)} agree"
    pictures: list[tuple[str, Still]]
    under: NDArray[np.uint8] | None = None
    if len(overlays) == 2:
        height, width = shared.a.shape
        whole = [frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False) for frame in overlays]
        rgbs = [reduce(picture[:height, :width], shared.a, aspect)[0] for picture in whole]
        pictures, under = [(name, jpeg(picture)) for name, picture in zip("AB", rgbs, strict=True)], rgbs[0]
    else:
        pictures = [(name, label_still(labels, found.a.classes)) for name, labels in (("A", a), ("B", b))]
    pictures.append(("where they differ", difference_still(a != b, under)))
    return Slide(place.index, caption, pictures)


def _aspect(run: Run) -> float:
    wide, _, high = str((run.facts.get("video") or {}).get("sample_aspect_ratio") or 1).partition("/")
    return float(wide) / float(high or 1)


def _through_time(found: Comparison) -> Html:
    x, y = found.through_time.points()
    curve = Line("agreement", x, (100 * y[:, 0]).tolist(), 0, dots=len(x) < 60)
    caption = f"Share of pixels that agree through time, {percent(found.agreement)} in all"
    plot = lines([curve], caption=caption, x_name="frame", y_name="pixels that agree, %", cursor=True)
    return section("Through time", plot, about="A click goes to the nearest shown frame.")


def _classes(found: Comparison) -> Html:
    classes, counts = found.a.classes, found.counts
    total = max(int(counts.sum()), 1)
    order = sorted(
        (k for k, iou in enumerate(found.by_class) if iou is not None), key=lambda k: found.by_class[k] or 0.0
    )
    rows = [
        (
            element("span", element("i", class_="swatch", style=f"--c:{rgb(classes.colours[k])}"), classes.names[k]),
            bar(found.by_class[k] or 0.0, rgb(classes.colours[k])),
            percent(found.by_class[k]),
            percent(int(counts[k].sum()) / total),
            percent(int(counts[:, k].sum()) / total),
            _instead(found, k),
        )
        for k in order
    ]
    head = ["class", "", "IoU of A and B", "share in A", "share in B", "B says instead"]
    return section("Classes", table("The class that agrees least first", head, rows, numbers=4))


def _instead(found: Comparison, k: int) -> str:
    """Name the most common label in B where A has ``k`` and B does not."""
    row = found.counts[k].copy()
    row[k] = 0
    if not row.any():
        return "—"
    other = int(row.argmax())
    name = "unknown" if other == len(found.a.classes) else found.a.classes.names[other]
    return f"{name} ({percent(int(row[other]) / int(found.counts[k].sum()))})"


def _stages(found: Comparison) -> Html:
    a, b = (milliseconds(run.facts) for run in (found.a, found.b))
    order = sorted(a | b, key=lambda stage: -max(a.get(stage, 0.0), b.get(stage, 0.0)))
    longest = max([*a.values(), *b.values(), 1e-9])
    rows = [
        (
            stage,
            element("span", *(bar(x.get(stage, 0.0) / longest, f"var(--s{k})") for k, x in enumerate((a, b)))),
            number(a.get(stage)),
            number(b.get(stage)),
        )
        for stage in order
    ]
    rows.append(("all", Html(), number(sum(a.values())), number(sum(b.values()))))
    caption = "Milliseconds per frame, slowest first; upper bar A, lower bar B"
    return section("Where the time goes", table(caption, ["stage", "", "A", "B"], rows, numbers=2))
