"""Keyframes: time of the network by precision, layout, compiling, size and batch, and what each does to the labels.

Each option's time per frame, in turns so that all meet the same machine: the embedded network on a 720p street, the
paper's ResNet-101 (random weights) on one of 1024x2048. Labels are compared with those in fp32, network at full size,
one frame at a time: the embedded network's on frames of CamVid's drive, where mIoU is measured as well; the other's on
the street itself, where they say something of rounding only.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks._lib.context import Context
from warpseg import ModelError
from warpseg.labels import labels
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.networks import Network, ScoreSpace, deeplab, load
from warpseg.networks.network import Precision, pick_dtype
from warpseg.synthetic import Street
from warpseg.types import Frame, MotionField

Row = dict[str, Any]
Option = tuple[str, Network, int]  # its name, the network, keyframes per batch

DRIVE_FRAMES, STREETS, ROUNDS = 12, 8, 3  # rounds of the paper's network; twice as many of the embedded one
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
    """Bring a network that is not shared to torch's default layout."""
    module = getattr(network.feature_net, "__self__", network.feature_net)
    assert isinstance(module, nn.Module)
    module.to(memory_format=torch.contiguous_format)
    return replace(network, channels_last=False)


def options(
    made: Callable[[Precision], Network], side: int, batches: Sequence[int], device: torch.device, *, quick: bool
) -> Iterator[Option]:
    """Yield the options, fp32 first; ``side`` is the shorter side at which the network sees its pictures."""
    if quick:
        yield "fp32", made("fp32"), 1
        yield "fp32, channels first", channels_first(made("fp32")), 1
        return
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
    """Yield the milliseconds per frame of each option, in turns; ``warm`` runs each once just before it is timed."""
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


def embedded(context: Context, device: torch.device) -> Iterator[Row]:
    """Yield the rows of the embedded network."""
    size, batches = context.pick(((720, 1280), (2, 4, 8)), ((96, 160), (2,)))

    def compared(side: int) -> list[Option]:
        def made(precision: Precision) -> Network:
            return load("camvid", device=str(device), precision=precision, imgsz=context.pick(None, 96))

        return list(options(made, side, batches, device, quick=context.quick))

    pictures = frames_of(street(size, context.pick(STREETS, 2)))
    times = timed(compared(min(size)), pictures, context.pick(2 * ROUNDS, 1), warm=True)
    drive = context.drive()
    chosen = [round(i) for i in np.linspace(0, len(drive.pictures) - 1, context.pick(DRIVE_FRAMES, 2))]
    shown, truth = frames_of([drive.pictures[i].copy() for i in chosen]), [drive.labels[i] for i in chosen]
    side = min(context.network().seen(shown[0].size))
    for row, same in zip(times, compared_labels(compared(side), shown, truth), strict=True):
        yield row | same | {"labels_of": "drive"}


def paper(context: Context, device: torch.device) -> Iterator[Row]:
    """Yield the rows of the paper's network."""

    def made(precision: Precision) -> Network:
        torch.manual_seed(0)  # the same random weights each time
        return deeplab.load(None, device=device, dtype=pick_dtype(precision, device), random_weights=True)

    size = context.pick((1024, 2048), (64, 128))
    frames = frames_of(street(size, 2))
    compared = list(options(made, min(size), (2,), device, quick=context.quick))
    same = list(compared_labels(compared, frames, None))  # warms up and compiles
    for row, labels_row in zip(timed(compared, frames, context.pick(ROUNDS, 1), warm=False), same, strict=True):
        yield row | labels_row | {"labels_of": "streets"}


def run(context: Context) -> dict[str, Any]:
    """Return a row per network and option."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = {"camvid": list(embedded(context, device)), "deeplab-resnet101": list(paper(context, device))}
    print("\n".join(tables({"networks": networks})), flush=True)
    return {"rounds": ROUNDS, "device": str(device), "networks": networks}


def tables(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table per network."""
    for network, rows in results["networks"].items():
        yield f"**{TITLES[network]}**"
        yield ""
        yield "| | ms per frame | over fp32 | labels as in fp32 | mIoU |"
        yield "|---|---|---|---|---|"
        for row in rows:
            accuracy = f"{row['mIoU']:.1f}" if "mIoU" in row else ""
            yield (
                f"| {row['option']} | {row['ms']:.0f} | {row['faster']:.2f}x | {row['agreement']:.2f} % | {accuracy} |"
            )
        yield ""


PAGES = {"docs/keyframes.md#keyframes": tables}
