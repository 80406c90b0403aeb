"""What makes a keyframe faster, and what it does to the labels: precision, layout, compiling, size, batches.

    python benchmarks/keyframes.py [--data ROOT] [--network camvid] [--rounds 3]
        [--out benchmarks/results/keyframes.json]

Each option's time a frame, in turns so that all meet the same machine: the embedded network on a 720p street, the
paper's ResNet-101 (random weights) on one of 1024x2048. Labels are compared with those in fp32, network at
full size, one frame at a time: the embedded network's on frames of CamVid's drive, where mIoU is measured as well, or
on streets where there is no drive; the other's on the street itself, where they say something of rounding only. The
table goes into docs/keyframes.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from result import fill, write
from warpseg import ModelError
from warpseg.datasets.camvid import camvid
from warpseg.labels import labels
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.networks import Network, ScoreSpace, deeplab, load
from warpseg.networks.network import Precision, pick_dtype
from warpseg.synthetic import Street
from warpseg.types import Frame, MotionField

Row = dict[str, Any]
Option = tuple[str, Network, int]  # what it is called, the network, keyframes a batch

PAGE = Path("docs/keyframes.md")
DRIVE_FRAMES, STREETS = 12, 8
TITLES = {
    "camvid": "embedded network, 720p",
    "deeplab-resnet101": "the paper's ResNet-101, 1024x2048 (random weights)",
}


def street(size: tuple[int, int], count: int) -> list[NDArray[np.uint8]]:
    """Render single pictures of different streets."""
    return [Street(seed=seed, size=size).frame(0).pixels for seed in range(count)]


def frames_of(pictures: Sequence[NDArray[np.uint8]]) -> list[Frame]:
    """Make frames of pictures."""
    still = MotionField.zero(confidence=0.0)
    return [
        Frame(i, Fraction(i), (pixels.shape[0], pixels.shape[1]), still, load=lambda p=pixels: p)  # type: ignore[misc]
        for i, pixels in enumerate(pictures)
    ]


def channels_first(network: Network) -> Network:
    """Bring a network of its own, which nobody else uses, to torch's default layout."""
    module = getattr(network.feature_net, "__self__", network.feature_net)
    assert isinstance(module, nn.Module)
    module.to(memory_format=torch.contiguous_format)
    return replace(network, channels_last=False)


def options(
    made: Callable[[Precision], Network], side: int, batches: Sequence[int], device: torch.device
) -> Iterator[Option]:
    """Yield what is compared, fp32 first; ``side`` is the shorter side at which the network sees its pictures."""
    fp32 = made("fp32")
    yield "fp32", fp32, 1
    yield "fp32, channels first", channels_first(made("fp32")), 1
    bf16 = made("bf16")
    yield "bf16", bf16, 1
    yield "bf16, channels first", channels_first(made("bf16")), 1
    try:
        pick_dtype("fp16", device)
    except ModelError as error:
        print(f"left out: {error}")
    else:
        yield "fp16", made("fp16"), 1
    yield "bf16, compiled", load(bf16, compile=True), 1
    for share in (0.75, 0.5):
        yield f"bf16, imgsz {share:g}", load(bf16, imgsz=round(share * side)), 1
    for batch in batches:
        yield f"bf16, batch {batch}", bf16, batch


def seconds(network: Network, frames: Sequence[Frame]) -> float:
    """Return the time that the scores of a batch take."""
    started = time.perf_counter()
    ScoreSpace(network).batch(frames)
    if network.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def timed(compared: Sequence[Option], frames: Sequence[Frame], rounds: int, *, warm: bool) -> Iterator[Row]:
    """Yield the milliseconds a frame of each option, in turns; ``warm`` runs each once just before it is timed."""
    milliseconds: dict[str, list[float]] = {name: [] for name, _, _ in compared}
    for _ in range(rounds):
        for name, network, batch in compared:
            some = [frames[i % len(frames)] for i in range(batch)]
            if warm:
                seconds(network, some)
            milliseconds[name].append(1000 * seconds(network, some) / batch)
    first = statistics.median(milliseconds[compared[0][0]])
    for name, times in milliseconds.items():
        median = statistics.median(times)
        yield {"option": name, "ms": median, "least_ms": min(times), "faster": first / median}


def found(network: Network, frames: Sequence[Frame], batch: int, sizes: Sequence[tuple[int, int]]) -> list[Any]:
    """Return the labels of frames."""
    split, maps = ScoreSpace(network), []
    for i in range(0, len(frames), batch):
        maps += split.batch(frames[i : i + batch])
    return [labels(split.task(f), size).cpu().numpy() for f, size in zip(maps, sizes, strict=True)]


def compared_labels(
    compared: Sequence[Option], frames: Sequence[Frame], truth: Sequence[NDArray[np.uint8]] | None
) -> Iterator[Row]:
    """Yield the share of labels that are those of the first option, and mIoU where the true ones are known."""
    sizes = [frame.size for frame in frames]
    reference: list[Any] = []
    for _, network, batch in compared:
        own = found(network, frames, batch, sizes)
        reference = reference or own
        row: Row = {"agreement": 100 * float(np.mean([(a == b).mean() for a, b in zip(own, reference, strict=True)]))}
        if truth is not None and network.classes is not None:
            classes = len(network.classes)
            total = np.zeros((classes, classes), np.int64)
            for true, predicted in zip(truth, own, strict=True):
                total += confusion(true, predicted, classes)
            row["mIoU"] = 100 * mean_iou(total)
        yield row


def embedded(data: Path, device: torch.device, rounds: int) -> Iterator[Row]:
    """Yield the rows of the embedded network."""

    def compared(side: int) -> list[Option]:
        return list(options(lambda p: load("camvid", device=str(device), precision=p), side, (2, 4, 8), device))

    pictures, truth = street((720, 1280), STREETS), None
    times = timed(compared(720), frames_of(pictures), rounds, warm=True)
    if (data / "camvid" / "val").is_dir():
        drive = camvid(data / "camvid")
        chosen = [round(i) for i in np.linspace(0, len(drive.pictures) - 1, DRIVE_FRAMES)]
        pictures, truth = [drive.pictures[i].copy() for i in chosen], [drive.labels[i] for i in chosen]
    judged = frames_of(pictures)
    side = min(load("camvid", device=str(device)).seen(judged[0].size))
    for row, verdict in zip(times, compared_labels(compared(side), judged, truth), strict=True):
        yield row | verdict | {"labels_of": "drive" if truth is not None else "streets"}


def paper(device: torch.device, rounds: int) -> Iterator[Row]:
    """Yield the rows of the paper's network."""

    def made(precision: Precision) -> Network:
        torch.manual_seed(0)  # the same random weights each time
        return deeplab.load(None, device=device, dtype=pick_dtype(precision, device), random_weights=True)

    frames, compared = frames_of(street((1024, 2048), 2)), list(options(made, 1024, (2,), device))
    verdicts = list(compared_labels(compared, frames, None))  # warms up and compiles
    for row, verdict in zip(timed(compared, frames, rounds, warm=False), verdicts, strict=True):
        yield row | verdict | {"labels_of": "streets"}


def table(results: dict[str, list[Row]]) -> str:
    """Return the rows as Markdown."""
    lines = []
    for network, rows in results.items():
        lines += [
            f"**{TITLES[network]}**\n",
            "| | ms a frame | over fp32 | labels as in fp32 | mIoU |",
            "|---|---|---|---|---|",
        ]
        for row in rows:
            accuracy = f"{row['mIoU']:.1f}" if "mIoU" in row else ""
            lines.append(
                f"| {row['option']} | {row['ms']:.0f} | {row['faster']:.2f}x | {row['agreement']:.2f} % | {accuracy} |"
            )
        lines.append("")
    return "\n".join(lines)


def main(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(min(torch.get_num_threads(), 2))
    device = torch.device(arguments.device)
    runs: dict[str, Callable[[], Iterator[Row]]] = {
        "camvid": lambda: embedded(arguments.data, device, 2 * arguments.rounds),
        "deeplab-resnet101": lambda: paper(device, arguments.rounds),
    }
    results: dict[str, list[Row]] = {}
    for network in arguments.network or runs:
        results[network] = list(runs[network]())
        print(table({network: results[network]}), flush=True)
    if arguments.out:
        write(arguments.out, {"rounds": arguments.rounds, "device": arguments.device, "networks": results})
        fill(PAGE, "keyframes", [table(results)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--network", choices=list(TITLES), action="append")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3, help="of the paper's network; twice as many of camvid")
    parser.add_argument("--out", type=Path)
    main(parser.parse_args())
