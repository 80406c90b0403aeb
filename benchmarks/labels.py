"""Labels at full resolution: time of ``warpseg.labels`` against ``interpolate`` + ``argmax``, also after softmax.

Score maps of real frames are timed. Maps "from label images" stand for 20 classes: one hot, averaged over score cells,
with noise on top, which gives them about the share of boundary cells of real maps, on which the time depends. Smooth
maps and white noise, where every cell is a boundary cell, are the extremes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, one_hot

from benchmarks._lib.context import Context, Skipped
from warpseg.labels import labels, labels_reference
from warpseg.networks import load

CLASSES, CELLS = 20, (64, 128)
MODEL = "camvid"


def maps_of_labels(folder: Path, count: int) -> list[Tensor]:
    """Make scores (20, 64, 128) of `count` label images spread over a folder."""
    files = _pictures(folder)
    maps = []
    for number, file in enumerate(files[:: max(1, len(files) // count)][:count]):
        values = torch.from_numpy(np.asarray(Image.open(file)).astype(np.int64)).clamp(max=CLASSES - 1)
        shares = interpolate(one_hot(values, CLASSES).permute(2, 0, 1)[None].float(), CELLS, mode="area")[0]
        noise = torch.randn(shares.shape, generator=torch.Generator().manual_seed(number))
        maps.append((10 * shares + 0.5 * noise).contiguous())
    return maps


def maps_of_frames(folder: Path, count: int) -> list[Tensor]:
    """Run the embedded network on `count` images spread over a folder, scaled so that its scores are (C, 64, 128)."""
    network = load(MODEL, device="cpu", precision="fp32")
    files = _pictures(folder)

    @torch.inference_mode()
    def scores(file: Path, size: tuple[int, int]) -> Tensor:
        pixels = np.array(Image.open(file).convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR))
        rgb = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() * (network.white / 255)
        return network.head(network.feature_net(rgb).float())[0]

    stride = 512 // scores(files[0], (512, 1024)).shape[1]
    size = (CELLS[0] * stride, CELLS[1] * stride)
    return [scores(file, size).clone() for file in files[:: max(1, len(files) // count)][:count]]


def _pictures(folder: Path) -> list[Path]:
    if files := sorted(folder.glob("*.png")):
        return files
    raise Skipped(f"needs CamVid ({folder}: no PNG images)")


def run(context: Context) -> dict[str, Any]:
    """Return milliseconds of each method on each kind of map."""
    generator, count = torch.Generator().manual_seed(0), context.pick(10, 1)
    size = context.pick((1024, 2048), (256, 512))
    coarse = torch.randn(1, CLASSES, 6, 12, generator=generator)
    maps = {
        "from label images": maps_of_labels(context.data / "camvid" / "valannot", count),
        "real frames": maps_of_frames(context.data / "camvid" / "val", count),
        "smooth": [interpolate(coarse, CELLS, mode="bicubic")[0].contiguous()],
        "white noise": [torch.randn(CLASSES, *CELLS, generator=generator)],
    }
    start = time.perf_counter()
    labels(maps["smooth"][0], size)
    first = time.perf_counter() - start
    rows = _timed(maps, size, context.pick(200, 2))
    return {"cells": CELLS, "size": size, "model": MODEL, "first_call_s": round(first, 3), "rows": rows}


def _timed(maps: dict[str, list[Tensor]], size: tuple[int, int], repeats: int) -> list[dict[str, Any]]:
    methods: dict[str, Callable[[Tensor], Tensor]] = {
        "interpolate + argmax": lambda scores: interpolate(scores[None], size, mode="bilinear")[0].argmax(0),
        "interpolate + softmax + argmax": lambda scores: (
            interpolate(scores[None], size, mode="bilinear")[0].softmax(0).argmax(0)
        ),
        "warpseg.labels": lambda scores: labels(scores, size),
    }
    rows: list[dict[str, Any]] = []
    for family, members in maps.items():
        wrong = sum(int((labels(scores, size) != labels_reference(scores, size)).sum()) for scores in members)
        for method, run in methods.items():
            times = []
            for number in range(repeats if method == "warpseg.labels" else max(min(3, repeats), repeats // 20)):
                start = time.perf_counter()
                run(members[number % len(members)])
                times.append(1000 * (time.perf_counter() - start))
            row: dict[str, Any] = {
                "scores": family,
                "classes": members[0].shape[0],
                "method": method,
                "median_ms": round(statistics.median(times), 3),
                "p95_ms": round(float(np.quantile(times, 0.95)), 3),
                "runs": len(times),
            }
            if method == "warpseg.labels":
                row["pixels_unlike_reference"] = wrong
            rows.append(row)
            title = f"{family:<20}{members[0].shape[0]:>3}  {method:<32}"
            print(f"{title}{row['median_ms']:>10} ms  p95 {row['p95_ms']:>10} ms", flush=True)
        print(f"{family:<25}pixels unlike the reference: {wrong} of {len(members) * size[0] * size[1]}", flush=True)
    return rows
