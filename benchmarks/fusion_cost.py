"""Time that fusion by confidence adds to an intermediate 1080p frame.

Warping and fusing of all windows, with the paper's weights and by confidence in turns; the difference is the cost.
Paths are followed in both, the frames are decoded and reduced for the search. Medians of the rounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks._lib.context import Context
from benchmarks._lib.methods import METHODS
from warpseg.engine.source import open_video
from warpseg.measure.speed.clip import street_clip
from warpseg.types import Frame

Row = dict[str, Any]

VIDEO = "VID_1920x1080_cabac_temporal_direct.264"
STRIDE, CLASSES = 6, 11  # of the embedded network on 1080p frames


class Blank:
    """A network of no weight: its maps are zeros."""

    def features(self, frame: Frame) -> Tensor:
        return torch.zeros(CLASSES, frame.size[0] // STRIDE, frame.size[1] // STRIDE)

    def task(self, f: Tensor) -> Tensor:
        return f


def run(context: Context) -> Row:
    """Return milliseconds per intermediate frame."""
    n, rounds = context.pick((10, 9), (3, 1))
    path: Path = street_clip((96, 160), 8, context.scratch) if context.quick else context.video(VIDEO)
    with open_video(path, max_frames=context.pick(4 * n + 1, 7)) as video:
        frames = list(video)

        def milliseconds(method: str) -> float:
            started = time.perf_counter()
            for _ in METHODS[method](frames, Blank(), n):
                pass
            return 1000 * (time.perf_counter() - started) / (len(frames) - len(frames) // n - 1)

        taken: dict[str, list[float]] = {"whole": [], "the paper's weights": []}
        for lap in range(rounds + 1):
            paper, ours = milliseconds("interpolate, average"), milliseconds("interpolate, confidence")
            if lap:  # the first one compiles
                taken["whole"].append(ours - paper)
                taken["the paper's weights"].append(paper)
    size = frames[0].size
    row: Row = {"size": list(size), "grid": [size[0] // STRIDE, size[1] // STRIDE]}
    row |= {"frames": len(frames), "rounds": rounds}
    row["ms"] = {name: {"median": float(np.median(ms)), "most": max(ms)} for name, ms in taken.items()}
    for name, ms in row["ms"].items():
        print(f"{name}: {ms['median']:.2f} ms per frame, at most {ms['most']:.2f}", flush=True)
    return row


def lines(row: Row) -> Iterator[str]:
    """Yield the milliseconds."""
    height, width = row["grid"]
    whole, paper = row["ms"]["whole"], row["ms"]["the paper's weights"]
    yield f"{whole['median']:.1f} ms per {row['size'][1]}x{row['size'][0]} frame on a grid of {width}x{height} cells"
    yield f"(at most {whole['most']:.1f} in {row['rounds']} rounds);"
    yield f"with the paper's weights, warping and fusing take {paper['median']:.1f} ms."


PAGES = {"docs/fusion.md#cost": lines}
