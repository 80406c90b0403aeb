"""How cost grows with the size of frames, classes, output stride, interval and length of the video.

    python benchmarks/scale.py [--frames 21] [--rounds 3] [--lengths 1000,10000] [--out benchmarks/results/scale.json]

A synthetic street, file to mask video, stages one after the other, Algorithm 2. In the place of a network stands one
that averages colours (1920x1080, 20 classes, stride 8, interval 10 unless that is what varies), as its time is not what
this is about. A stage's milliseconds are of a frame, those of "colour conversion" of a keyframe and those of "warp and
fuse" of an intermediate one: medians of the rounds, in which all settings take turns. Memory is that of processes of
their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from result import write
from speed_page import PAGE, write_page
from warpseg import Segmenter, process
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.peak_memory import peak
from warpseg.measure.speed.stages import alone
from warpseg.run.startup import keep_memory
from warpseg.synthetic import Street

SIZES = ("640x360", "854x480", "1280x720", "1920x1080", "2560x1440", "3840x2160")
CLASSES, STRIDES, INTERVALS = (2, 5, 11, 20, 50, 150), (4, 8, 16), (2, 5, 10, 20)
BEGUN = 300  # frames after which memory is looked at
STAGES = ("decode", "motion", "colour conversion", "warp and fuse", "labels", "write")
USUAL = {"size": "1920x1080", "classes": 20, "stride": 8, "interval": 10}


class Colours(nn.Module):
    """Scores from colours averaged over 33x33 pixels: smooth, with boundaries where the picture has them."""

    def __init__(self, classes: int, stride: int) -> None:
        super().__init__()
        weights = torch.randn(classes, 3, 1, 1, generator=torch.Generator().manual_seed(0))
        self.weights, self.stride = nn.Parameter(weights), stride

    def forward(self, rgb: Tensor) -> Tensor:
        """Return scores (b, classes, h / stride, w / stride)."""
        means = F.avg_pool2d(rgb, 33, self.stride, 16, count_include_pad=False)
        return F.conv2d(means - 0.5, self.weights)


def settings(sizes: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the settings to measure, by what varies."""
    varied: dict[str, tuple[Any, ...]] = {
        "size": tuple(sizes), "classes": CLASSES, "stride": STRIDES, "interval": INTERVALS,
    }  # fmt: skip
    usual = USUAL if USUAL["size"] in sizes else USUAL | {"size": sizes[-1]}
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


def measure(sizes: list[str], frames: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Return rows by what varies."""
    wanted = settings(sizes)
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


def hold(frames: int) -> None:
    """Segment so many small frames from memory and print this process's peak of memory, its first frames left out.

    What it takes to begin, imports and compiling, would hide what is added later.
    """
    street = Street(seed=7, size=(96, 160))
    loop = [street.still(i)[0] for i in range(30)]

    def source() -> Iterator[NDArray[np.uint8]]:
        for i in range(frames):
            if i == BEGUN:
                Path("/proc/self/clear_refs").write_text("5")  # Linux: the high-water mark begins anew
            yield loop[i % len(loop)]

    with tempfile.TemporaryDirectory() as folder:
        process(Segmenter(Colours(20, 8), interval=10), source(), folder, save=["masks", "stats"])
    print(peak()[0])


def memory(lengths: list[int]) -> list[dict[str, int]]:
    """Return the peak of memory by the number of frames."""
    rows = []
    for frames in lengths:
        print(f"memory of {frames} frames", flush=True)
        done = subprocess.run(
            [sys.executable, __file__, "--hold", str(frames)], capture_output=True, text=True, check=True
        )
        rows.append({"frames": frames, "bytes": int(done.stdout.split()[-1])})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=lambda text: text.split(","), default=list(SIZES))
    parser.add_argument("--frames", type=int, default=21)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lengths", type=lambda text: [int(n) for n in text.split(",")], default=[1000, 10000])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE, help="whose tables are written anew, with --out")
    parser.add_argument("--hold", type=int, help=argparse.SUPPRESS)  # a process of its own, to measure memory in
    options = parser.parse_args()
    keep_memory()  # as the command line does
    if options.hold:
        hold(options.hold)
        return
    results: dict[str, Any] = {"frames": options.frames, "rounds": options.rounds, "usual": USUAL}
    results["memory"] = memory(options.lengths)
    results["rows"] = measure(options.sizes, options.frames, options.rounds)
    results["fit"] = fit(results["rows"]["size"])
    for name, found in results["fit"].items():
        print(f"{name:18} {found['slope']:8.2f} ms a megapixel, R2 {found['r2']:.3f}, exponent {found['exponent']:.2f}")
    first, last = results["memory"][0], results["memory"][-1]
    print(f"memory: {last['frames']} frames take {last['bytes'] / first['bytes']:.3f} times that of {first['frames']}")
    if options.out:
        write(options.out, results)
        write_page(options.page, "scale", results)


if __name__ == "__main__":
    main()
