"""GPU cost of an intermediate frame, of a keyframe of the paper's network, of whole videos, and of several at once.

Needs a CUDA device and nothing else: the video is a synthetic street, the weights of ResNet-101 are random, which
changes no time. Score maps are random as well, which the kernels' time does not depend on. Seconds of the GPU are
those between two events on its queue; those of whole runs are wall time, after a run that is not counted.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks._lib.context import Context, Skipped
from warpseg import Segmenter
from warpseg.engine.source import open_video
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.end_to_end import to_files
from warpseg.networks import deeplab
from warpseg.run.record import cores
from warpseg.types import HALF_CONFIDENCE

SIZE, CLASSES, STRIDE = (1024, 2048), 20, 16
GOAL_MS = 0.15  # of GPU time an intermediate frame
# Dense bf16 with fp32 accumulation, TFLOP/s, as the makers state it.
PEAKS = {"H200": 989.4, "H100 PCIe": 756.0, "H100": 989.4, "A100": 311.9, "L40S": 362.1, "L4": 121.0, "RTX 4090": 165.2}
_PATIENCE = 600  # seconds until every process is ready


def peak(name: str) -> float | None:
    """Return the peak of a device by its name, None where it is not known."""
    return next((tflops for part, tflops in PEAKS.items() if part in name), None)


def keyframe_flop(size: tuple[int, int]) -> int:
    """Count the floating-point operations of the paper's feature network's convolutions; nothing is computed."""
    total = 0

    def count(convolution: Any, given: Any, made: Tensor) -> None:
        nonlocal total
        total += 2 * made.numel() * convolution.weight[0].numel()  # a product and a sum a weight

    with torch.device("meta"), torch.no_grad():
        trunk = deeplab.DeepLab(CLASSES).trunk.eval()
        for module in trunk.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(count)
        trunk(torch.empty(1, 3, *size))
    return total


def gpu_ms(run: Callable[[], object], repeats: int) -> dict[str, float]:
    """Time ``run`` on the device's queue, warmed up."""
    for _ in range(5):
        run()
    times = []
    for _ in range(repeats):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(20_000_000)  # some 10 ms in which the queue is filled: launching is not what is timed
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return {"median_ms": statistics.median(times), "p95_ms": sorted(times)[int(0.95 * (len(times) - 1))]}


def window(between: int, size: tuple[int, int], *, confident: bool, device: torch.device) -> dict[str, Any]:
    """Make what the kernels need for a window: random maps, paths that are smooth and partly leave the frame."""
    from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS
    from warpseg.labels.gpu_warp import ConfidenceFusion
    from warpseg.motion.luma import MARGIN, Plane
    from warpseg.motion.sad import PATCH

    cells = (size[0] // STRIDE, size[1] // STRIDE)
    generator = torch.Generator().manual_seed(0)
    coarse = 0.05 * torch.randn(between * 2, 2, 5, 9, generator=generator)
    paths = torch.nn.functional.interpolate(coarse, cells, mode="bilinear").unflatten(0, (between, 2))
    planes = []
    for _ in range(between + 2):
        luma = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator).numpy()
        planes.append(Plane.of(luma))
    pixels = torch.stack([torch.from_numpy(plane.pixels) for plane in planes])
    fusion = ConfidenceFusion(
        pixels.to(device), size, planes[0].factor, MARGIN, PATCH, SHARPNESS, DISTANCE, OUTSIDE, HALF_CONFIDENCE
    )
    return {
        "forward": torch.randn(CLASSES, *cells, generator=generator).to(device),
        "backward": torch.randn(CLASSES, *cells, generator=generator).to(device),
        "paths": paths.contiguous().to(device),
        "weights": torch.linspace(0.9, 0.1, between).to(device),
        "fusion": fusion if confident else None,
    }


def label_window(given: dict[str, Any], size: tuple[int, int]) -> Tensor:
    """Return the labels (n, H, W) of a window."""
    from warpseg.labels.gpu import labels_gpu
    from warpseg.labels.gpu_warp import warp_and_fuse

    return labels_gpu(warp_and_fuse(**given)[0], size)


def intermediate_frames(repeats: int, device: torch.device) -> list[dict[str, Any]]:
    """Time windows of several intervals, with confidence and without, and each kernel alone."""
    from warpseg.labels.gpu import labels_gpu
    from warpseg.labels.gpu_warp import warp_and_fuse  # Triton is needed from here on, not to say that there is no GPU

    rows: list[dict[str, Any]] = []
    for interval in (2, 5, 10, 20):
        for confident in (True, False):
            given = window(interval - 1, SIZE, confident=confident, device=device)
            scores, _ = warp_and_fuse(**given)
            whole = gpu_ms(lambda given=given: label_window(given, SIZE), repeats)  # type: ignore[misc]
            carry = gpu_ms(lambda given=given: warp_and_fuse(**given), repeats)  # type: ignore[misc]
            label = gpu_ms(lambda scores=scores: labels_gpu(scores, SIZE), repeats)  # type: ignore[misc]
            a_frame = whole["median_ms"] / (interval - 1)
            rows.append(
                {
                    "interval": interval,
                    "confidence": confident,
                    "window": whole,
                    "warp_and_fuse": carry,
                    "labels": label,
                }
                | {"ms_a_frame": a_frame, "goal_ms": GOAL_MS, "met": a_frame <= GOAL_MS}
            )
            print(f"interval {interval}, confidence {confident}: {a_frame:.4f} ms of GPU time per frame", flush=True)
    return rows


def keyframes(repeats: int, peak_tflops: float | None, device: torch.device) -> list[dict[str, Any]]:
    """Time the paper's feature network in bf16 as it is, compiled, and as a CUDA graph."""
    flop = keyframe_flop(SIZE)
    rows: list[dict[str, Any]] = []
    for how, mode in (("eager", None), ("compiled", "default"), ("CUDA graph", "reduce-overhead"),
                      ("CUDA graph, tuned", "max-autotune")):  # fmt: skip
        net = deeplab.load(None, device=device, dtype=torch.bfloat16, random_weights=True)
        run = net.feature_net if mode is None else torch.compile(net.feature_net, mode=mode, fullgraph=True)
        for batch in (1, 4, 8):
            rgb = torch.rand(batch, 3, *SIZE, device=device, dtype=torch.bfloat16)
            rgb = rgb.contiguous(memory_format=torch.channels_last)
            with torch.inference_mode():
                took = gpu_ms(lambda run=run, rgb=rgb: run(rgb), repeats)  # type: ignore[misc]
            tflops = batch * flop / took["median_ms"] / 1e9
            share = None if peak_tflops is None else tflops / peak_tflops
            rows.append({**took, "how": how, "batch": batch, "tflop_a_second": tflops, "share_of_peak": share})
            of_peak = "" if share is None else f", {100 * share:.0f} % of the peak"
            print(
                f"{how}, batch {batch}: {took['median_ms'] / batch:.2f} ms, {tflops:.0f} TFLOP/s{of_peak}", flush=True
            )
    return rows


def decoding(path: Path) -> float:
    """Return frames a second of decoding alone."""
    started = time.perf_counter()
    with open_video(path, motion="none") as video:
        count = sum(1 for _ in video)
    return count / (time.perf_counter() - started)


def paper_segmenter(interval: int) -> Segmenter:
    device = torch.device("cuda")
    network = deeplab.load(None, device=device, dtype=torch.bfloat16, random_weights=True)
    return Segmenter(network, interval=interval, scheme="every" if interval == 1 else "interpolate")


def whole_videos(path: Path) -> list[dict[str, Any]]:
    """Time runs from a file to a mask video and decoding alone."""
    rows: list[dict[str, Any]] = []
    for interval in (1, 5, 10, 20):
        segmenter = paper_segmenter(interval)
        to_files(segmenter, path, ["masks"], 2 * interval)
        lap = to_files(segmenter, path, ["masks"])
        alone = decoding(path)
        fps = lap.frames / lap.seconds
        row = {"interval": interval, "frames": lap.frames, "fps": fps, "decoding_fps": alone, "stages": lap.stages}
        rows.append(row | {"share_of_decoding": fps / alone})
        print(f"interval {interval}: {fps:.1f} fps to masks, decoding alone {alone:.1f}", flush=True)
    return rows


def _one_of_several(path: Path, interval: int, barrier: Barrier) -> int:
    segmenter = paper_segmenter(interval)
    to_files(segmenter, path, ["masks"], 2 * interval)
    barrier.wait(_PATIENCE)
    return to_files(segmenter, path, ["masks"]).frames


def several_at_once(path: Path, counts: list[int], interval: int = 10) -> list[dict[str, Any]]:
    """Time several processes, each with a video of its own, on one GPU; they begin together."""
    context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
    rows = []
    for count in counts:
        with context.Manager() as manager, context.Pool(count) as pool:
            barrier = manager.Barrier(count + 1)
            runs = [pool.apply_async(_one_of_several, (path, interval, barrier)) for _ in range(count)]
            with suppress(BrokenBarrierError):  # what broke it is raised where the results are taken
                barrier.wait(_PATIENCE)
            started = time.perf_counter()
            frames = sum(run.get() for run in runs)
            fps = frames / (time.perf_counter() - started)
        rows.append({"videos": count, "interval": interval, "fps": fps})
        print(f"{count} videos at once: {fps:.1f} fps together", flush=True)
    return rows


def run(context: Context) -> dict[str, Any]:
    """Return the times of each part; raises ``Skipped`` without a CUDA device."""
    if not torch.cuda.is_available():
        raise Skipped("needs a CUDA device, and torch sees none")
    repeats, frames = context.pick((50, 400), (3, 24))
    device = torch.device("cuda")
    peak_tflops = peak(torch.cuda.get_device_name(device))
    path = street_clip(SIZE, frames)
    return {
        "size": SIZE,
        "classes": CLASSES,
        "cores": cores(),
        "peak_tflops": peak_tflops,
        "keyframe_tflop": keyframe_flop(SIZE) / 1e12,
        "frame": intermediate_frames(repeats, device),
        "keyframe": keyframes(repeats, peak_tflops, device),
        "video": whole_videos(path),
        "videos": several_at_once(path, [n for n in context.pick((1, 2, 4, 8, 16), (1,)) if n <= cores()]),
    }
