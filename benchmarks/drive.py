"""Accuracy and speed of every scheme on CamVid's labelled drive.

    python benchmarks/drive.py [--data ROOT] [--interval 5 --interval 10] [--out benchmarks/results/drive.json]

Accuracy stands at each distance from the keyframe. Speed is of file in, mask video out, all stages at once ("end to
end"), and of network, warp, fusion and labels, one after the other ("model"), each scheme run in turn, three rounds;
the speed-up is over frame by frame in the same round, the median of the rounds.

The drive (101 frames, label on each) is encoded as H.264 twice: one reference and no B-frames, and x264's defaults.
The network sees the decoded frames. Retention is mIoU over that of frame by frame on the same target frames. CamVid's
``train`` holds stills of the same drive as ``val`` (about a second away at either end), so the numbers judge
propagation, not the network's generalisation.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from warpseg.core.confidence import by_evidence

from result import write
from warpseg import Segmenter
from warpseg.core import schemes
from warpseg.core.fusion import maximum
from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.datasets.camvid import camvid
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.measure.speed.end_to_end import in_turns, to_files
from warpseg.measure.speed.stages import MODEL, alone
from warpseg.networks import Network, ScoreSpace, load
from warpseg.types import Frame
from warpseg.video.encode import encode

Row = dict[str, Any]

CRF = "18"
ENCODINGS = {
    "bf=0 refs=1": {"bf": "0", "refs": "1", "crf": CRF, "sc_threshold": "0", "x264-params": "weightp=0"},
    "x264 defaults": {"crf": CRF},
}


def rows(network: Network) -> dict[str, tuple[SplitNetwork, Callable[..., Iterator[Estimate]]]]:
    """Return each scheme under its name, with the network it runs on."""
    scores = Remembering(ScoreSpace(network))
    features = Remembering(network)
    return {
        "copy": (scores, schemes.copy_nearest),
        "propagate, chained": (scores, partial(schemes.propagate, propagation=schemes.chained)),
        "propagate": (scores, schemes.propagate),
        "interpolate, average, chained, negated": (
            scores,
            partial(schemes.interpolate, propagation=schemes.chained, reverse=schemes.negated),
        ),
        "interpolate, average, negated": (scores, partial(schemes.interpolate, reverse=schemes.negated)),
        "interpolate, average": (scores, schemes.interpolate),
        "interpolate": (scores, partial(schemes.interpolate, judge=by_evidence)),
        "interpolate, maximum": (features, partial(schemes.interpolate, fuse=maximum)),
    }


def accuracy(network: Network, frames: list[Frame], labels: dict[int, NDArray[np.uint8]], n: int) -> dict[str, Row]:
    """Return what each scheme reached at interval ``n``, every reading of it (``Scores.summary``)."""
    assert network.classes is not None
    table: dict[str, Row] = {}
    for name, (runs, scheme) in rows(network).items():
        scores = by_offset(frames, labels, lambda f, s=scheme, r=runs: s(f, r, n), n, network.classes)
        table[name] = scores.summary()
    return table


def speed(network: Network, path: Path, intervals: Sequence[int], rounds: int = 3) -> dict[tuple[str, int], Row]:
    """Return frames a second and speed-ups of (scheme, interval), the rounds of all interleaved."""
    runs = {("every", 1): Segmenter(network, scheme="every")}
    for n in intervals:
        for scheme in ("copy", "propagate", "interpolate"):
            runs[scheme, n] = Segmenter(network, scheme=scheme, interval=n)  # type: ignore[arg-type]

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


def measure(network: Network, data: Path, intervals: Sequence[int]) -> list[Row]:
    """Return one row for each encoding, interval and scheme; print them as they come."""
    drive = camvid(data / "camvid")
    table: list[Row] = []
    for encoding, options in ENCODINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "drive.mp4"
            encode(drive.pictures, path, rate=drive.rate, options=options)
            fast = speed(network, path, intervals)
            with open_video(path) as video:
                frames = list(video)
        for n in intervals:
            for name, scores in accuracy(network, frames, drive.labels, n).items():
                row: Row = {"encoding": encoding, "interval": n, "scheme": name, **scores, **fast.get((name, n), {})}
                table.append(row)
                print(line(row), flush=True)
        table.append({"encoding": encoding, "interval": 1, "scheme": "every", **fast["every", 1]})
    return table


def line(row: Row) -> str:
    """Return a row as text."""
    every, average, worst = (float(str(row[key])) for key in ("every_frame", "average", "worst"))
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--interval", type=int, action="append")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = measure(load("camvid"), arguments.data, arguments.interval or [5, 10])
    if arguments.out:
        write(arguments.out, results)
