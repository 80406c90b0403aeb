"""Accuracy of every scheme against the interval; keyframes placed adaptively; what the confidence means.

    python benchmarks/fusion.py [--data ROOT] [--table intervals] [--out benchmarks/results/fusion.json]

*intervals*: CamVid's drive (101 labelled frames) in two encodings and synthetic streets, mIoU at every distance on the
same target frames, with 95 % intervals. *adaptive*: keyframes where they are needed against the fixed interval that
uses at least as many, over whole clips: the drive, and streets whose speed changes every 20 frames; agreement with the
network's own labels on average and on the worst twentieth of the frames. *reliability*: labels that differ from the
network's own by confidence, on streets that nothing was tuned on. The embedded network sees the decoded frames.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from result import write
from warpseg import schemes
from warpseg.adaptive import Adaptive, keyframes_per_second
from warpseg.evaluate.datasets import camvid
from warpseg.evaluate.metrics import confusion, mean_iou
from warpseg.evaluate.protocol import Remembering, by_offset
from warpseg.evidence import by_evidence
from warpseg.fusion import maximum
from warpseg.labels import labels
from warpseg.networks import Network, ScoreSpace, load
from warpseg.schedule import Policy
from warpseg.schemes import Estimate
from warpseg.segmentation import Segmentation
from warpseg.source import open_video
from warpseg.synthetic import Street, encode
from warpseg.types import Frame

Row = dict[str, Any]
Pictures = Sequence[NDArray[np.uint8]]
Labels = dict[int, NDArray[np.uint8]]

INTERVALS = [2, 3, 5, 7, 10, 15, 20, 30]
ENCODINGS = {
    "bf=0 refs=1": {"bf": "0", "refs": "1", "crf": "18", "sc_threshold": "0", "x264-params": "weightp=0"},
    "x264 defaults": {"crf": "18"},
}
SCHEMES: dict[str, Callable[..., Iterator[Estimate]]] = {
    "copy": schemes.copy_nearest,
    "propagate": schemes.propagate,
    "interpolate, average": schemes.interpolate,
    "interpolate, maximum of scores": partial(schemes.interpolate, fuse=maximum),
    "interpolate, confidence": partial(schemes.interpolate, judge=by_evidence),
}
SLOW, FAST = 4.0, 12.0  # metres a second at 15 Hz
BINS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0])


def street(seed: int, speeds: Sequence[float]) -> tuple[Pictures, Labels]:
    """Render a drive whose speed, in metres a second, is given for each frame."""
    pictures, truth = [], {}
    positions = np.cumsum([0, *speeds[1:]])
    for i, position in enumerate(positions):
        pixels, label = Street(seed=seed, size=(360, 480), speed=1.0, rate=15).still(round(position))
        pictures.append(pixels)
        truth[i] = label
    return pictures, truth


def clips(data: Path) -> Iterator[tuple[str, str, Pictures, Labels]]:
    """Yield name, encoding, pictures and labels of each clip of the first table."""
    drive = camvid(data / "camvid")
    for encoding in ENCODINGS:
        yield "drive", encoding, drive.pictures, drive.labels
    for name, speed in (("street, slow", SLOW), ("street, fast", FAST)):
        yield name, "x264 defaults", *street(31, [speed] * 81)


def opened(pictures: Pictures, encoding: str) -> list[Frame]:
    """Encode pictures and return the frames that are decoded, with motion."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        encode(pictures, path, rate=15, options=ENCODINGS[encoding])
        with open_video(path) as video:
            frames = list(video)
        for frame in frames:
            _ = frame.pixels  # while the file is there
        return frames


def run_on(
    scheme: Callable[..., Iterator[Estimate]], runs: Remembering, n: int, frames: Sequence[Frame]
) -> Iterator[Estimate]:
    """Run a scheme."""
    return scheme(frames, runs, n)


def by_interval(network: Network, data: Path, intervals: Sequence[int]) -> Iterator[Row]:
    """Yield one row for each clip, interval and scheme."""
    assert network.classes is not None
    for name, encoding, pictures, truth in clips(data):
        frames, runs = opened(pictures, encoding), Remembering(ScoreSpace(network))
        for n in intervals:
            for scheme, run in SCHEMES.items():
                if n >= 30 and len(frames) < 3 * n:
                    continue
                scores = by_offset(frames, truth, partial(run_on, run, runs, n), n, network.classes)
                row = {"clip": name, "encoding": encoding, "interval": n, "scheme": scheme}
                row |= scores.summary(block=min(10, max(len(scores.frames) // 3, 1)))
                print(
                    f"{name:14} {encoding:14} n={n:<2} {scheme:24} mIoU {row['average']:.1f} / {row['worst']:.1f}, "
                    f"retention {row['average_retention']:.1f} / {row['worst_retention']:.1f} %",
                    flush=True,
                )
                yield row


def adaptive(network: Network, data: Path) -> Iterator[Row]:
    """Yield pairs of rows: an adaptive policy, and the fixed interval with at least as many keyframes."""
    drive = camvid(data / "camvid")
    bursts = [SLOW / 4 if i // 20 % 2 == 0 else 1.5 * FAST for i in range(161)]
    videos = [("drive", drive.pictures, drive.labels), *((f"bursts {s}", *street(s, bursts)) for s in (41, 42))]
    for name, pictures, truth in videos:
        frames, runs = opened(pictures, "x264 defaults"), Remembering(ScoreSpace(network))
        for limit in (0.5, 1.0, 1.5, 3.0):
            found = _whole(frames, truth, runs, Adaptive(limit), network)
            fixed = max((n for n in range(1, 31) if -(-len(frames) // n) >= found["keyframes"]), default=1)
            for row in (found | {"policy": f"limit {limit}"}, _whole(frames, truth, runs, fixed, network)):
                yield _told({"clip": name, "policy": f"every {fixed}"} | row)
        rate = Adaptive(pace=keyframes_per_second(1.5))
        yield _told({"clip": name, "policy": "1.5 a second"} | _whole(frames, truth, runs, rate, network))


def _whole(frames: Sequence[Frame], truth: Labels, runs: Remembering, n: int | Policy, network: Network) -> Row:
    assert network.classes is not None
    classes = len(network.classes)
    matrix, agreement, keys = np.zeros((classes, classes), np.int64), [], 0
    for estimate in schemes.interpolate(frames, runs, n, judge=by_evidence):
        label = truth[estimate.frame.index]
        predicted = Segmentation(estimate, network.classes).labels(label.shape)
        own = labels(runs.task(runs.features(estimate.frame)), label.shape).numpy()
        matrix += confusion(label, predicted, classes)
        agreement.append(100 * float((predicted == own).mean()))
        keys += estimate.distance == 0
    worst = sorted(agreement)[: max(len(agreement) // 20, 1)]
    return {
        "keyframes": keys,
        "mIoU": 100 * mean_iou(matrix),
        "agreement": float(np.mean(agreement)),
        "agreement_worst_twentieth": float(np.mean(worst)),
    }


def _told(row: Row) -> Row:
    print(
        f"{row['clip']:10} {row['policy']:14} {row['keyframes']:3} keyframes, mIoU {row['mIoU']:.1f}, agreement "
        f"{row['agreement']:.2f} %, worst twentieth {row['agreement_worst_twentieth']:.2f} %",
        flush=True,
    )
    return row


def reliability(network: Network, n: int = 10) -> Iterator[Row]:
    """Yield, for each bin of confidence, the share of cells whose label is not the network's own."""
    differ, count = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
    for seed, speed in ((51, SLOW), (52, FAST), (53, 8.0)):
        pictures, _ = street(seed, [speed] * 41)
        frames, runs = opened(pictures, "x264 defaults"), Remembering(ScoreSpace(network))
        for estimate in schemes.interpolate(frames, runs, n, judge=by_evidence):
            if estimate.confidence is None:
                continue
            own: Tensor = runs.task(runs.features(estimate.frame)).argmax(0)
            wrong = (estimate.scores.argmax(0) != own).numpy()
            bins = np.clip(np.digitize(estimate.confidence.numpy(), BINS) - 1, 0, len(BINS) - 2)
            differ += np.bincount(bins[wrong], minlength=len(differ))
            count += np.bincount(bins.ravel(), minlength=len(count))
    for low, high, wrong, all_of in zip(BINS[:-1], BINS[1:], differ, count, strict=True):
        row = {"confidence": [float(low), float(high)], "cells": int(all_of), "differ": 100 * float(wrong / all_of)}
        print(f"confidence {low:.2f} to {high:.2f}: {row['differ']:5.1f} % of {row['cells']} cells differ", flush=True)
        yield row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--table", choices=["intervals", "adaptive", "reliability"], action="append")
    parser.add_argument("--interval", type=int, action="append")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), 2))
    model = load("camvid")
    tables: dict[str, Callable[[], Iterator[Row]]] = {
        "reliability": lambda: reliability(model),
        "adaptive": lambda: adaptive(model, arguments.data),
        "intervals": lambda: by_interval(model, arguments.data, arguments.interval or INTERVALS),
    }
    results: dict[str, list[Row]] = {}
    if arguments.table and arguments.out and arguments.out.exists():  # the other tables stay
        results = json.loads(arguments.out.read_text(encoding="utf-8"))["results"]
    for table, run in tables.items():
        if table in (arguments.table or tables):
            results[table] = list(run())
            if arguments.out:
                write(arguments.out, results)
