"""Running time of the embedded network on a 720p street, bf16 beside fp32, and how often their labels agree.

python benchmarks/network.py [--out benchmarks/results/network.json]
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from result import write
from warpseg.labels import labels
from warpseg.networks import load
from warpseg.synthetic import Street
from warpseg.types import Frame, MotionField

SIZE = (720, 1280)
ROUNDS, REPEATS = 4, 12


def main(out: Path | None) -> None:
    still = MotionField.zero(confidence=0.0)
    pictures = [Street(seed=seed, size=SIZE).frame(0).pixels for seed in range(4)]
    frames = [Frame(i, Fraction(i), SIZE, still, load=lambda p=picture: p) for i, picture in enumerate(pictures)]
    networks = {precision: load("camvid", device="cpu", precision=precision) for precision in ("bf16", "fp32")}  # type: ignore[arg-type]
    milliseconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(ROUNDS):  # in turns, each long enough to have the caches to itself, as in use
        for name, network in networks.items():
            for repeat in range(REPEATS + 2):
                started = time.perf_counter()
                network.task(network.features(frames[repeat % len(frames)]))
                if repeat >= 2:
                    milliseconds[name].append(1000 * (time.perf_counter() - started))
    found = {
        name: [labels(network.task(network.features(frame)), SIZE).numpy() for frame in frames]
        for name, network in networks.items()
    }
    agreement = float(np.mean([(a == b).mean() for a, b in zip(found["bf16"], found["fp32"], strict=True)]))
    results = {
        "size": SIZE,
        "median_ms": {name: float(np.median(times)) for name, times in milliseconds.items()},
        "p95_ms": {name: float(np.percentile(times, 95)) for name, times in milliseconds.items()},
        "labels_bf16_equal_to_fp32": agreement,
    }
    for name in networks:
        print(f"{name}: median {results['median_ms'][name]:.1f} ms, p95 {results['p95_ms'][name]:.1f} ms")  # type: ignore[index]
    print(f"labels that agree: {100 * agreement:.2f} %")
    if out:
        write(out, results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    main(parser.parse_args().out)
