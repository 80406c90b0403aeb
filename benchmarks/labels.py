"""How long labels at full resolution take: `interpolate` + `argmax`, the same after softmax, and `warpseg.labels`.

    python benchmarks/labels.py [--model camvid] [--out benchmarks/results/labels.json]

With frames and a model, real score maps are timed. Maps "from label images" stand in for them at 20 classes: one hot,
averaged over score cells, with noise on top, which gives them about the share of boundary cells of real maps, on which
the time depends. Smooth maps and white noise, where every cell is a boundary cell, stand beside them.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, one_hot

from result import write
from warpseg.labels import labels, labels_reference

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WARPSEG_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
CLASSES, CELLS, SIZE = 20, (64, 128), (1024, 2048)


def maps_of_labels(folder: Path, count: int) -> list[Tensor]:
    """Make scores (20, 64, 128) of `count` label images spread over a folder."""
    files = sorted(folder.glob("*.png"))
    if not files:
        raise SystemExit(f"no label images (*.png) in {folder}; name a folder with --labels")
    maps = []
    for number, file in enumerate(files[:: max(1, len(files) // count)][:count]):
        values = torch.from_numpy(np.asarray(Image.open(file)).astype(np.int64)).clamp(max=CLASSES - 1)
        shares = interpolate(one_hot(values, CLASSES).permute(2, 0, 1)[None].float(), CELLS, mode="area")[0]
        noise = torch.randn(shares.shape, generator=torch.Generator().manual_seed(number))
        maps.append((10 * shares + 0.5 * noise).contiguous())
    return maps


def maps_of_frames(folder: Path, model: str, count: int) -> list[Tensor]:
    """Run a network on `count` images spread over a folder, scaled so that its scores are (C, 64, 128)."""
    from warpseg.networks import load

    network = load(model, device="cpu", precision="fp32")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".png", ".jpg", ".jpeg"))
    if not files:
        raise SystemExit(f"no images (*.png, *.jpg) in {folder}; name a folder with --frames")

    @torch.inference_mode()
    def scores(file: Path, size: tuple[int, int]) -> Tensor:
        pixels = np.array(Image.open(file).convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR))
        rgb = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() * (network.white / 255)
        return network.head(network.feature_net(rgb).float())[0]

    stride = 512 // scores(files[0], (512, 1024)).shape[1]
    size = (CELLS[0] * stride, CELLS[1] * stride)
    return [scores(file, size).clone() for file in files[:: max(1, len(files) // count)][:count]]


def table(maps: dict[str, list[Tensor]], repeats: int) -> list[dict[str, object]]:
    methods: dict[str, Callable[[Tensor], Tensor]] = {
        "interpolate + argmax": lambda scores: interpolate(scores[None], SIZE, mode="bilinear")[0].argmax(0),
        "interpolate + softmax + argmax": lambda scores: (
            interpolate(scores[None], SIZE, mode="bilinear")[0].softmax(0).argmax(0)
        ),
        "warpseg.labels": lambda scores: labels(scores, SIZE),
    }
    rows: list[dict[str, object]] = []
    for family, members in maps.items():
        wrong = sum(int((labels(scores, SIZE) != labels_reference(scores, SIZE)).sum()) for scores in members)
        for method, run in methods.items():
            times = []
            for number in range(repeats if method == "warpseg.labels" else max(3, repeats // 20)):
                start = time.perf_counter()
                run(members[number % len(members)])
                times.append(1000 * (time.perf_counter() - start))
            row: dict[str, object] = {
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
        print(f"{family:<25}pixels unlike the reference: {wrong} of {len(members) * SIZE[0] * SIZE[1]}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=DATA / "camvid" / "valannot", help="folder of label images")
    parser.add_argument("--frames", type=Path, default=DATA / "camvid" / "val", help="folder of street images")
    parser.add_argument("--model", help="network for the frames, such as camvid; none: label images only")
    parser.add_argument("--maps", type=int, default=10, help="maps of each kind")
    parser.add_argument("--repeats", type=int, default=200, help="timed calls of warpseg.labels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="where to write the results")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, CLASSES, 6, 12, generator=generator)
    maps = {"from label images": maps_of_labels(arguments.labels, arguments.maps)}
    if arguments.model:
        maps["real frames"] = maps_of_frames(arguments.frames, arguments.model, arguments.maps)
    maps["smooth"] = [interpolate(coarse, CELLS, mode="bicubic")[0].contiguous()]
    maps["white noise"] = [torch.randn(CLASSES, *CELLS, generator=generator)]
    start = time.perf_counter()
    labels(maps["smooth"][0], SIZE)
    first = time.perf_counter() - start
    rows = table(maps, arguments.repeats)
    if arguments.out:
        facts = {"cells": CELLS, "size": SIZE, "model": arguments.model, "first_call_s": round(first, 3), "rows": rows}
        write(arguments.out, facts)


if __name__ == "__main__":
    main()
