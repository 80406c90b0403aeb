"""Intervals: accuracy and temporal consistency of every method against the keyframe interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks._lib.clips import FAST, SLOW, Labels, Pictures, opened
from benchmarks._lib.context import Context
from benchmarks._lib.methods import SHOWN, Runner, summary
from warpseg.measure.accuracy.consistency import consistency, moves
from warpseg.measure.accuracy.protocol import by_offset
from warpseg.measure.speed import table
from warpseg.networks import Network

__all__ = ["accuracy_tables", "consistency_tables", "measure"]

Row = dict[str, Any]

INTERVALS = [1, 2, 3, 5, 7, 10, 15, 20, 30]
NETWORKS = {"camvid": "embedded network", "second": "second network"}
CLIPS = {
    "drive": "CamVid's drive",
    "street, slow": f"synthetic street, {SLOW:.0f} m/s",
    "street, fast": f"synthetic street, {FAST:.0f} m/s",
}


def measure(context: Context, network: Network, clip: str, encoding: str, pictures: Pictures, truth: Labels) -> Any:
    """Return a row per interval and method, all of one clip."""
    intervals = [n for n in context.pick(INTERVALS, [1, 2]) if n < 30 or len(pictures) >= 3 * n]
    runner = Runner(network, opened(pictures, encoding))
    motion = moves(runner.frames)
    every = consistency(runner.frames, runner.every, motion, runner.classes).sum(0)
    rows = []
    for n in intervals:
        for method in SHOWN:
            run = partial(runner.run, method, n)
            row: Row = {"network": network.name, "clip": clip, "encoding": encoding, "interval": n, "scheme": method}
            row |= summary(by_offset(runner.frames, truth, run, n, runner.classes))
            same, compared = consistency(runner.frames, run, motion, runner.classes).sum(0)
            row["consistency"] = 100 * float(same) / float(compared)
            row["consistency_every_frame"] = 100 * float(every[0]) / float(every[1])
            print(
                f"{network.name:6} {clip:12} {encoding:13} n={n:<2} {method:23} mIoU {row['average']:.1f} / "
                f"{row['worst']:.1f}, retention {row['average_retention']:.1f} / {row['worst_retention']:.1f} %, "
                f"consistency {row['consistency']:.1f} of {row['consistency_every_frame']:.1f} %",
                flush=True,
            )
            rows.append(row)
    return rows


def accuracy_tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the share of accuracy kept, a table per network, clip and encoding."""
    for group in _groups(rows):
        yield from _by_method(group, lambda row: f"{row['average_retention']:.1f} / {row['worst_retention']:.1f}")


def consistency_tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield temporal consistency, a table per network, clip and encoding."""
    for group in _groups(rows):
        yield from _by_method(group, lambda row: f"{row['consistency']:.2f}")
        yield f"Frame by frame: {group[0]['consistency_every_frame']:.2f} %."
        yield ""


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["network"], row["clip"], row["encoding"]), []).append(row)
    return list(groups.values())


def _by_method(group: Sequence[Row], text: Callable[[Row], str]) -> Iterator[str]:
    first = group[0]
    network, clip = NETWORKS[first["network"]], CLIPS[first["clip"]]
    yield f"**{clip}**, {first['encoding']}, {network} ({first['every_frame']:.1f} mIoU frame by frame)"
    yield ""
    found = {(row["interval"], row["scheme"]): text(row) for row in group}
    shown = [n for n in sorted({n for n, _ in found}) if n > 1]
    lines = [[str(n), *(found.get((n, method), "") for method in SHOWN)] for n in shown]
    yield from table.markdown((["interval", *SHOWN], lines))
    yield ""
