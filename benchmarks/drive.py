"""Drive: accuracy and speed of every method on CamVid's labelled drive.

Accuracy stands at each distance from the keyframe. Speed is of file in, mask video out, all stages at once ("end to
end"), and of network, warp, fusion and labels, one after the other ("model"), each scheme run in turn, three rounds;
the speed-up is over frame by frame in the same round, the median of the rounds.

The drive (101 frames, label on each) is encoded as H.264 twice: one reference and no B-frames, and x264's defaults.
The network sees the decoded frames. Retention is mIoU over that of frame by frame on the same target frames. CamVid's
``train`` holds stills of the same drive as ``val`` (about a second away at either end), so the numbers judge
propagation, not the network's generalisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._lib.clips import DEFAULTS, ENCODINGS
from benchmarks._lib.context import Context
from benchmarks._lib.methods import Runner, summary
from warpseg import Segmenter
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import by_offset
from warpseg.measure.speed.end_to_end import in_turns, to_files
from warpseg.measure.speed.stages import MODEL, alone
from warpseg.networks import Network
from warpseg.video.encode import encode

Row = dict[str, Any]

METHODS = (
    "copy",
    "propagate, chained",
    "propagate",
    "interpolate, average, chained, negated",
    "interpolate, average, negated",
    "interpolate, average",
    "interpolate, confidence",
    "interpolate, maximum",
)
TIMED = {"copy": "copy", "propagate": "propagate", "interpolate": "interpolate, confidence"}  # scheme: method
SHOWN = {
    "copy": "copy",
    "propagate": "propagate",
    "interpolate, average": "interpolate, the paper's weights",
    "interpolate, confidence": "**interpolate**",
}


def run(context: Context) -> list[Row]:
    """Return a row per encoding, interval and method."""
    network, drive = context.network(), context.drive()
    intervals = context.pick([5, 10], [2])
    table: list[Row] = []
    for encoding in context.pick([*ENCODINGS], [DEFAULTS]):
        path = context.scratch / "drive.mp4"
        encode(drive.pictures, path, rate=drive.rate, options=ENCODINGS[encoding])
        fast = speed(network, path, intervals, context.pick(3, 1))
        with open_video(path) as video:
            frames = list(video)
            runner = Runner(network, frames)
            for n in intervals:
                for method, scores in accuracy(runner, drive.labels, n).items():
                    row: Row = {"encoding": encoding, "interval": n, "scheme": method, **scores}
                    row |= fast.get((method, n), {})
                    table.append(row)
                    print(line(row), flush=True)
        table.append({"encoding": encoding, "interval": 1, "scheme": "every", **fast["every", 1]})
    return table


def accuracy(runner: Runner, labels: dict[int, NDArray[np.uint8]], n: int) -> dict[str, Row]:
    """Return what each method reaches at interval ``n``."""
    return {
        method: summary(by_offset(runner.frames, labels, partial(runner.run, method, n), n, runner.classes))
        for method in METHODS
    }


def speed(network: Network, path: Path, intervals: Sequence[int], rounds: int) -> dict[tuple[str, int], Row]:
    """Return frames per second and speed-ups of (method, interval), the rounds of all interleaved."""
    runs = {("every", 1): Segmenter(network, scheme="every")}
    for n in intervals:
        for scheme, method in TIMED.items():
            runs[method, n] = Segmenter(network, scheme=scheme, interval=n)

    def lap(number: int, segmenter: Segmenter) -> tuple[float, float]:
        whole, stages = to_files(segmenter, path, ["masks"]), alone(segmenter, path, ["masks"], None)
        model = sum(stages[stage].seconds for stage in MODEL if stage in stages)
        return whole.seconds / whole.frames, model / whole.frames

    seconds = in_turns({run: partial(lap, segmenter=segmenter) for run, segmenter in runs.items()}, rounds)
    table: dict[tuple[str, int], Row] = {}
    for run, laps in seconds.items():
        ratios = [(b[0] / a[0], b[1] / a[1]) for a, b in zip(laps, seconds["every", 1], strict=True)]
        table[run] = {
            "end_to_end_fps": 1 / float(np.median([lap[0] for lap in laps])),
            "model_fps": 1 / float(np.median([lap[1] for lap in laps])),
            "end_to_end_speed_up": float(np.median([ratio[0] for ratio in ratios])),
            "model_speed_up": float(np.median([ratio[1] for ratio in ratios])),
        }
    return table


def line(row: Row) -> str:
    """Return a row as text."""
    every, average, worst = (row[key] for key in ("every_frame", "average", "worst"))
    text = (
        f"{row['encoding']:14} n={row['interval']:<2} {row['scheme']:30} "
        f"mIoU {average:.1f} / {worst:.1f} of {every:.1f}, "
        f"retention {row['average_retention']:.1f} / {row['worst_retention']:.1f} %"
    )
    if "model_fps" in row:
        text += (
            f", end to end {row['end_to_end_fps']:.1f} fps ({row['end_to_end_speed_up']:.2f}x), "
            f"model {row['model_fps']:.1f} fps ({row['model_speed_up']:.2f}x)"
        )
    return text


def readme(found: Sequence[Row]) -> Iterator[str]:
    """Yield accuracy and speed with x264's defaults."""
    rows = {(row["scheme"], row["interval"]): row for row in found if row["encoding"] == DEFAULTS}
    every, own = rows["every", 1], next(row for row in rows.values() if "every_frame" in row)
    yield "| scheme | interval | mIoU average / worst | retention | file to masks | model alone |"
    yield "|---|---|---|---|---|---|"
    yield (
        f"| every frame | 1 | {own['every_frame']:.1f} | 100 % "
        f"| {every['end_to_end_fps']:.0f} fps | {every['model_fps']:.0f} fps |"
    )
    for n in sorted({n for _, n in rows if n > 1}):
        for method, name in SHOWN.items():
            row = rows[method, n]
            fast = " | "
            if "model_fps" in row:
                fast = (
                    f"{row['end_to_end_fps']:.0f} fps, {row['end_to_end_speed_up']:.1f}x "
                    f"| {row['model_fps']:.0f} fps, {row['model_speed_up']:.1f}x"
                )
            yield (
                f"| {name} | {n} | {row['average']:.1f} / {row['worst']:.1f} "
                f"| {row['average_retention']:.1f} / {row['worst_retention']:.1f} % | {fast} |"
            )


PAGES = {"README.md#drive": readme}
