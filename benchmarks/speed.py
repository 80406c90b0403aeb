"""Speed from file to outputs: the embedded network by size and outputs, and the paper's network in bf16.

The embedded network on synthetic streets at 480x360, 720p and 1080p, and on real video, to a mask video and to the
default outputs; ResNet-101 at 1024x2048 in bf16 with fusion by confidence; each with the paper's own way in the same
rounds. Measured as ``warpseg bench`` does. It takes hours on two CPU cores, nine tenths of them for the paper's
network, and wants a machine that does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._lib.context import Context
from benchmarks._lib.speed import PAPER_FRAMES, measure, of_paper, of_run
from warpseg.measure.speed import table
from warpseg.measure.speed.clip import street_clip

Row = dict[str, Any]

STREETS = ((360, 480), (720, 1280), (1080, 1920))
REAL = ("VID_1920x1080_cabac_temporal_direct.264", "solidWhiteRight.mp4")
OUTPUTS = {"masks": ["masks"], "default outputs": ["overlay", "masks", "stats"]}
FRAMES, INTERVALS = 100, [1, 2, 5, 10, 20]
PAPER_INTERVALS = [1, 5, 10, 20]


def run(context: Context) -> list[Row]:
    """Return a row per network, video and set of outputs."""
    frames = context.pick(FRAMES, 4)
    videos: dict[str, Callable[[], Path]] = {
        f"street {width}x{height}": partial(street_clip, (height, width), frames)
        for height, width in context.pick(STREETS, ((96, 160),))
    }
    videos |= {name: partial(context.video, name) for name in context.pick(REAL, ())}
    rows = []
    for video, find in videos.items():
        for outputs, save in context.pick(OUTPUTS, {"masks": ["masks"]}).items():
            name = f"embedded, {video}, {outputs}"
            measured = partial(
                measure, context, name, find(),
                intervals=INTERVALS, max_frames=frames, save=save, compare_paper=save == ["masks"],
                model=context.network() if context.quick else "camvid", fresh=not context.quick,
            )  # fmt: skip
            rows.append(context.part(name, measured))
    name = "paper, bf16, confidence"
    rows.append(
        context.part(name, partial(of_paper, context, name, "bf16", "confidence", PAPER_INTERVALS, PAPER_FRAMES))
    )
    return rows


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the embedded network's runs in one table, then all of each run."""
    embedded = {row["measurement"]: row for row in rows if row["measurement"].startswith("embedded")}
    first = next(iter(embedded.values()))
    yield "### Embedded network, from file to outputs"
    yield ""
    yield f"{first['machine']['cpu']}, {first['machine']['cores']} cores; medians of {first['rounds']} rounds."
    yield ""
    intervals = [row["interval"] for row in first["rows"]]
    columns = [f"interval {n}" if n > 1 else "every frame" for n in intervals]
    header = ["video, outputs", *columns, "first mask, first run / later", "memory"]
    lines = []
    for name, facts in embedded.items():
        cells = [f"{row['fps']['median']:.1f} fps, {row['speed_up']['median']:.2f}x" for row in facts["rows"]]
        if fresh := facts["fresh"]:  # new processes, which a quick run does not start
            first_mask = f"{fresh['first_run_s']:.1f} / {fresh['later_s']:.1f} s"
            cells += [first_mask, f"{fresh['peak_bytes'] / 2**20:.0f} MiB"]
        lines.append([name.removeprefix("embedded, "), *cells])
    yield from table.markdown((header, lines))
    yield ""
    for row in rows:
        yield from of_run(row)


def readme(rows: Sequence[Row]) -> Iterator[str]:
    """Yield frames per second of the embedded network by size, and of the paper's."""
    found = {row["measurement"]: row for row in rows}
    named = {name: row for name, row in found.items() if name.startswith("embedded, street")}
    named["the paper's ResNet-101, 2048x1024, masks"] = found["paper, bf16, confidence"]
    intervals = sorted({row["interval"] for one in named.values() for row in one["rows"]})
    yield "| network, video, outputs | " + " | ".join(f"n = {n}" if n > 1 else "every frame" for n in intervals) + " |"
    yield "|---|" + "---|" * len(intervals)
    for name, one in named.items():
        cells = {row["interval"]: row for row in one["rows"]}
        shown = [
            f"{cells[n]['fps']['median']:.3g} fps" + (f", {cells[n]['speed_up']['median']:.1f}x" if n > 1 else "")
            if n in cells
            else ""
            for n in intervals
        ]
        yield f"| {name} | " + " | ".join(shown) + " |"


PAGES = {"docs/speed.md#speed": tables, "README.md#speed": readme}
