"""Speed with the paper's network: ResNet-101 at 1024x2048 (random weights, so time only), frame by frame beside both
algorithms.

    python benchmarks/paper_network.py [--out benchmarks/results/paper_network.json]

A synthetic street of 20 frames, H.264 with x264's defaults, file in, mask video out; the runs follow each other in
one process.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch

from result import write
from warpseg import Segmenter
from warpseg.networks import deeplab
from warpseg.networks.network import pick_dtype
from warpseg.synthetic import Street, encode

SIZE, FRAMES = (1024, 2048), 20
RUNS = [("every", 1), ("propagate", 5), ("interpolate", 5), ("interpolate", 10)]


def main(out: Path | None) -> None:
    cpu = torch.device("cpu")
    network = deeplab.load(None, device=cpu, dtype=pick_dtype("auto", cpu), random_weights=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "street.mp4"
        encode((frame.pixels for frame in Street(seed=3, size=SIZE).frames(FRAMES)), video, rate=17)
        Segmenter(network, interval=2).process(video, Path(folder) / "warm", save=["masks"], max_frames=3)
        for scheme, n in RUNS:
            segmenter = Segmenter(network, scheme=scheme, interval=n)  # type: ignore[arg-type]
            report = segmenter.process(video, Path(folder) / f"{scheme}{n}", save=["masks"])
            model = sum(report.stages[stage] for stage in ("network", "warp and fuse", "labels"))
            first = rows[0] if rows else None
            rows.append(
                {
                    "scheme": scheme,
                    "interval": n,
                    "frames": report.frames,
                    "keyframes": report.keyframes,
                    "seconds": report.seconds,
                    "model_seconds": model,
                    "ms_a_frame_by_stage": {k: 1000 * v / report.frames for k, v in report.stages.items()},
                    "end_to_end_speed_up": first["seconds"] / report.seconds if first else 1.0,
                    "model_speed_up": first["model_seconds"] / model if first else 1.0,
                }
            )
            row = rows[-1]
            print(
                f"{scheme:12} n={n:<2} {report.frames_per_second:6.2f} fps, {row['end_to_end_speed_up']:.2f}x "
                f"end to end, {row['model_speed_up']:.2f}x model only",
                flush=True,
            )
    if out:
        write(out, {"size": SIZE, "precision": str(network.dtype), "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    main(parser.parse_args().out)
