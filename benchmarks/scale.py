"""Scale: growth of the cost with the size of frames, classes, output stride, interval and length of the video.

A synthetic street, file to mask video, stages one after the other, Algorithm 2. A network that averages colours stands
for a real one, whose time is not the subject (1920x1080, 20 classes, stride 8, interval 10 unless that is what varies).
A stage's milliseconds are per frame, those of "colour conversion" per keyframe and those of "warp and fuse" per
intermediate frame: medians of the rounds, in which all settings take turns. Memory is that of processes of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._lib.colours import Colours
from benchmarks._lib.context import REPOSITORY, Context
from warpseg import Segmenter
from warpseg.measure.speed import table
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.stages import alone

SIZES = ("640x360", "854x480", "1280x720", "1920x1080", "2560x1440", "3840x2160")
CLASSES, STRIDES, INTERVALS = (2, 5, 11, 20, 50, 150), (4, 8, 16), (2, 5, 10, 20)
FRAMES, ROUNDS = 21, 2
STAGES = ("decode", "motion", "colour conversion", "warp and fuse", "labels", "write")
USUAL = {"size": "1920x1080", "classes": 20, "stride": 8, "interval": 10}


def settings(context: Context) -> dict[str, list[dict[str, Any]]]:
    """Return the settings to measure, by what varies."""
    varied: dict[str, tuple[Any, ...]] = context.pick(
        {"size": SIZES, "classes": CLASSES, "stride": STRIDES, "interval": INTERVALS},
        {"size": ("64x48", "96x64"), "classes": (20,), "stride": (8,), "interval": (2,)},
    )
    usual = context.pick(USUAL, USUAL | {"size": varied["size"][-1]})
    return {what: [usual | {what: value} for value in values] for what, values in varied.items()}


def one(setting: dict[str, Any], frames: int) -> dict[str, float]:
    """Return milliseconds by stage."""
    width, height = map(int, setting["size"].split("x"))
    video = street_clip((height, width), frames)
    model = Colours(setting["classes"], setting["stride"])
    found = alone(Segmenter(model, interval=setting["interval"]), str(video), ["masks"], frames)
    keyframes = -(-frames // setting["interval"])
    count = {"colour conversion": keyframes, "warp and fuse": frames - keyframes}
    return {name: 1000 * found[name].seconds / count.get(name, frames) for name in STAGES}


def measure(context: Context, frames: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Return rows by what varies."""
    wanted = settings(context)
    different = list({json.dumps(setting): setting for rows in wanted.values() for setting in rows}.values())
    laps: dict[str, list[dict[str, float]]] = {json.dumps(setting): [] for setting in different}
    for lap in range(rounds + 1):
        for setting in different:
            print(f"round {lap} of {rounds}" if lap else "warming up", setting, flush=True)
            milliseconds = one(setting, frames)
            if lap:
                laps[json.dumps(setting)].append(milliseconds)
    return {
        what: [setting | _row(setting, laps[json.dumps(setting)]) for setting in rows] for what, rows in wanted.items()
    }


def _row(setting: dict[str, Any], laps: list[dict[str, float]]) -> dict[str, Any]:
    width, height = map(int, setting["size"].split("x"))
    return {
        "megapixels": width * height / 1e6,
        "ms": {name: float(np.median([lap[name] for lap in laps])) for name in STAGES},
    }


def fit(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return, by stage, how time grows with pixels: a straight line, how much it explains, and a power."""
    pixels = np.array([row["megapixels"] for row in rows])
    found = {}
    for name in (*STAGES, "all"):
        ms = np.array([row["ms"][name] if name != "all" else sum(row["ms"].values()) for row in rows])
        slope, constant = np.polyfit(pixels, ms, 1)
        left = float(((ms - slope * pixels - constant) ** 2).sum())
        found[name] = {
            "slope": float(slope),
            "constant": float(constant),
            "r2": 1 - left / float(((ms - ms.mean()) ** 2).sum()),
            "exponent": float(np.polyfit(np.log(pixels), np.log(ms), 1)[0]),
        }
    return found


def memory(lengths: Sequence[int]) -> list[dict[str, int]]:
    """Return the peak of memory by the number of frames."""
    rows = []
    for frames in lengths:
        print(f"memory of {frames} frames", flush=True)
        command = [sys.executable, "-m", "benchmarks._lib.memory", str(frames)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        rows.append({"frames": frames, "bytes": int(done.stdout.split()[-1])})
    return rows


def run(context: Context) -> dict[str, Any]:
    """Return milliseconds by stage and setting, how they grow with pixels, and memory by length."""
    frames, rounds = context.pick((FRAMES, ROUNDS), (4, 1))
    results: dict[str, Any] = {"frames": frames, "rounds": rounds, "usual": USUAL}
    results["memory"] = memory(context.pick((1000, 10000), (310,)))
    results["rows"] = measure(context, frames, rounds)
    results["fit"] = fit(results["rows"]["size"])
    for name, found in results["fit"].items():
        print(
            f"{name:18} {found['slope']:8.2f} ms per megapixel, R2 {found['r2']:.3f}, exponent {found['exponent']:.2f}"
        )
    first, last = results["memory"][0], results["memory"][-1]
    print(f"memory: {last['frames']} frames take {last['bytes'] / first['bytes']:.3f} times that of {first['frames']}")
    return results


def tables(found: dict[str, Any]) -> Iterator[str]:
    """Yield milliseconds by what varies, growth with pixels, and memory."""
    for what, rows in found["rows"].items():
        stages = [*rows[0]["ms"]]
        header = [what, *(f"{name}, ms" for name in stages)]
        cells = [[str(row[what]), *(f"{row['ms'][name]:.2f}" for name in stages)] for row in rows]
        if what == "size":
            header.append("all, ms per megapixel")
            for row, line in zip(rows, cells, strict=True):
                line.append(f"{sum(row['ms'].values()) / row['megapixels']:.2f}")
        yield from table.markdown((header, cells))
        yield ""
    if found.get("fit"):
        yield "Time as a power of the number of pixels (1 is linear), and the share that a straight line explains:"
        yield ""
        header = ["stage", "exponent", "R² of the line", "ms per megapixel"]
        rows = [
            [name, f"{fit['exponent']:.2f}", f"{fit['r2']:.3f}", f"{fit['slope']:.2f}"]
            for name, fit in found["fit"].items()
        ]
        yield from table.markdown((header, rows))
        yield ""
    if found.get("memory"):
        yield from table.markdown(
            (
                ["frames", "peak resident memory"],
                [[str(row["frames"]), f"{row['bytes'] / 2**20:.1f} MiB"] for row in found["memory"]],
            )
        )


PAGES = {"docs/speed.md#scale": tables}
