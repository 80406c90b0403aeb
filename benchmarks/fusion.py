"""Accuracy of every scheme against the interval; keyframes placed adaptively; what the confidence means and costs.

    python benchmarks/fusion.py [--data ROOT] [--table intervals ...] [--missing] [--out benchmarks/results/fusion.json]

*intervals*: CamVid's drive (101 labelled frames) in two encodings and synthetic streets, with the embedded network and
on the drive with that of second_network.py: mIoU at every distance on the same target frames, with 95 % intervals, and
temporal consistency (share of pixels that have the label which the previous frame has where the motion says that they
were) over the whole clip. *adaptive*: see fusion_adaptive.py. *reliability*: labels that differ from the network's own
by confidence, on streets that nothing was tuned on and on the drive. *cost*: milliseconds that fusing by confidence
takes of a 1080p frame. The networks see the decoded frames. Every row is written as soon as it is known; with
``--table`` the other tables of the file stay, with ``--missing`` only rows that it lacks are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from warpseg.core.confidence import by_evidence

from fusion_adaptive import adaptive
from fusion_clips import FAST, SCHEMES, SLOW, Runner, clips, networks, opened, street
from result import commit, write
from warpseg.core.schemes import Carried, Judge, Verdict, by_distance, interpolate
from warpseg.datasets.camvid import camvid
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.consistency import consistency, moves
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.networks import ScoreSpace, load
from warpseg.types import Frame

Row = dict[str, Any]

INTERVALS = [1, 2, 3, 5, 7, 10, 15, 20, 30]
BINS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0])
HELD_OUT = {51: SLOW, 52: FAST, 53: 8.0}  # seed: metres a second
LARGE = "VID_1920x1080_cabac_temporal_direct.264"


def by_interval(data: Path, chosen: list[int], known: list[Row]) -> Iterator[Row]:
    """Yield one row for each network, clip, interval and scheme; those of ``known`` are not measured again."""
    done = {_key(row): row for row in known}
    for network_name, network in networks():
        for clip, encoding, pictures, truth in clips(data, network_name):
            wanted = [(n, s) for n in chosen for s in SCHEMES if n < 30 or len(pictures) >= 3 * n]
            rows = [
                {"network": network_name, "clip": clip, "encoding": encoding, "interval": n, "scheme": s}
                for n, s in wanted
            ]
            yield from (done[_key(row)] for row in rows if _key(row) in done)
            rows = [row for row in rows if _key(row) not in done]
            if not rows:
                continue
            runner = Runner(network, opened(pictures, encoding))
            motion = moves(runner.frames)
            every = consistency(runner.frames, runner.every, motion, runner.classes).sum(0)
            for row in rows:
                n, run = row["interval"], partial(runner.run, row["scheme"], row["interval"])
                scores = by_offset(runner.frames, truth, run, n, runner.classes)
                row |= scores.summary(block=min(10, max(len(scores.frames) // 3, 1)))
                same, compared = consistency(runner.frames, run, motion, runner.classes).sum(0)
                row["consistency"], row["consistency_every_frame"] = 100 * same / compared, 100 * every[0] / every[1]
                print(
                    f"{network_name:6} {clip:12} {encoding:13} n={n:<2} {row['scheme']:23} mIoU {row['average']:.1f} / "
                    f"{row['worst']:.1f}, retention {row['average_retention']:.1f} / {row['worst_retention']:.1f} %, "
                    f"consistency {row['consistency']:.1f} of {row['consistency_every_frame']:.1f} %",
                    flush=True,
                )
                yield row


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[part] for part in ("network", "clip", "encoding", "interval", "scheme"))


def reliability(data: Path, n: int = 10) -> Iterator[Row]:
    """Yield, for each clip and bin of confidence, the share of cells whose label is not the network's own."""
    network = ScoreSpace(load("camvid"))
    streets = (street(seed, [speed] * 41)[0] for seed, speed in HELD_OUT.items())
    for clip, videos in (("streets", streets), ("drive", iter([camvid(data / "camvid").pictures]))):
        differ, count = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
        for pictures in videos:
            runs = Remembering(network)
            for estimate in interpolate(opened(pictures, "x264 defaults"), runs, n, judge=by_evidence):
                if estimate.confidence is None:
                    continue
                own: Tensor = runs.features(estimate.frame).argmax(0)
                wrong = (estimate.scores.argmax(0) != own).numpy()
                bins = np.clip(np.digitize(estimate.confidence.numpy(), BINS) - 1, 0, len(BINS) - 2)
                differ += np.bincount(bins[wrong], minlength=len(differ))
                count += np.bincount(bins.ravel(), minlength=len(count))
        for low, high, wrong_ones, all_of in zip(BINS[:-1], BINS[1:], differ, count, strict=True):
            row: Row = {"clip": clip, "confidence": [float(low), float(high)], "cells": int(all_of)}
            row["differ"] = 100 * float(wrong_ones / all_of)
            print(f"{clip}: confidence {low:.2f} to {high:.2f}: {row['differ']:5.1f} % of {row['cells']} cells differ")
            yield row


def cost(data: Path, n: int = 10, rounds: int = 9) -> Iterator[Row]:
    """Yield the milliseconds that fusing by confidence takes of a 1080p frame between keyframes, medians of rounds.

    *judging* is the time in the judge; *whole* is by how much warping and fusing all windows becomes slower than with
    the paper's weights, in turns. Paths are followed in both, the frames are decoded and reduced for the search.
    """
    with open_video(data / "video" / LARGE, max_frames=4 * n + 1) as video:
        frames = list(video)
    spent = 0.0

    def timed(frame: Frame, forward: Carried | None, backward: Carried | None, alpha: float) -> Verdict:
        nonlocal spent
        started = time.perf_counter()
        verdict = by_evidence(frame, forward, backward, alpha)
        spent += time.perf_counter() - started
        return verdict

    class Blank:
        """A network of 11 classes at stride 6, as the embedded one has on 1080p frames."""

        def features(self, frame: Frame) -> Tensor:
            return torch.zeros(11, frame.size[0] // 6, frame.size[1] // 6)

        def task(self, f: Tensor) -> Tensor:
            return f

    def milliseconds(judge: Judge) -> float:
        started = time.perf_counter()
        for _ in interpolate(frames, Blank(), n, judge=judge):
            pass
        return 1000 * (time.perf_counter() - started) / (len(frames) - len(frames) // n - 1)

    taken: dict[str, list[float]] = {"judging": [], "whole": [], "the paper's weights": []}
    for lap in range(rounds + 1):
        spent = 0.0
        paper, ours = milliseconds(by_distance), milliseconds(timed)
        if lap:  # the first one compiles
            for name, ms in zip(taken, (1000 * spent / (4 * n - 4), ours - paper, paper), strict=True):
                taken[name].append(ms)
    size = frames[0].size
    row: Row = {"size": list(size), "grid": [size[0] // 6, size[1] // 6], "frames": len(frames), "rounds": rounds}
    row["ms"] = {name: {"median": float(np.median(ms)), "most": max(ms)} for name, ms in taken.items()}
    for name, ms in row["ms"].items():
        print(f"{name}: {ms['median']:.2f} ms a frame, at most {ms['most']:.2f}", flush=True)
    yield row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    tables = ["reliability", "cost", "adaptive", "intervals"]
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--table", choices=tables, action="append")
    parser.add_argument("--interval", type=int, action="append")
    parser.add_argument("--missing", action="store_true", help="measure what --out does not have")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), 2))
    results: dict[str, list[Row]] = {}
    if arguments.out and arguments.out.exists() and (arguments.table or arguments.missing):
        results = json.loads(arguments.out.read_text(encoding="utf-8"))["results"]
    known_rows = results.get("intervals", []) if arguments.missing else []
    measured: dict[str, Callable[[], Iterator[Row]]] = {
        "reliability": lambda: reliability(arguments.data),
        "cost": lambda: cost(arguments.data),
        "adaptive": lambda: adaptive(arguments.data),
        "intervals": lambda: by_interval(arguments.data, arguments.interval or INTERVALS, known_rows),
    }
    for table in arguments.table or tables:
        if arguments.missing and table != "intervals" and table in results:
            continue
        found: list[Row] = []
        for each in measured[table]():
            found.append(each if "commit" in each else each | {"commit": commit()})
            if arguments.out:
                write(arguments.out, results | {table: found})
        results[table] = found
