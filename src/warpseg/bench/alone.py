"""The stages one after the other in one thread, so that each is timed with the machine to itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from warpseg.segmenter import Segmenter
from warpseg.sinks import ConfidenceSink, ImageSink, MaskSink, OverlaySink, Sink, StatisticsSink
from warpseg.source import Source
from warpseg.timing import Stages, Summary
from warpseg.types import Classes, VideoInfo

__all__ = ["KINDS", "MODEL", "STAGES", "alone"]

STAGES = ("decode", "motion", "colour conversion", "network", "warp and fuse", "labels", "write")
MODEL = ("network", "warp and fuse", "labels")  # what "model only" counts
KINDS = ("overlay", "masks", "confidence", "images", "stats")  # outputs that are written frame by frame


class _Settled(Stages):
    """Waits for the GPU before and after each measurement, so that its work is counted where it was asked for."""

    @contextmanager
    def measure(self, stage: str | None) -> Iterator[None]:
        torch.cuda.synchronize()
        with super().measure(stage):
            yield
            torch.cuda.synchronize()


def alone(segmenter: Segmenter, source: Source, save: Collection[str], max_frames: int | None) -> dict[str, Summary]:
    """Return the times of each of ``STAGES`` that ran, from source to the files of ``save`` (of ``KINDS``)."""
    stages = _Settled() if segmenter.network.device.type == "cuda" else Stages()
    with (
        tempfile.TemporaryDirectory(prefix="warpseg-") as folder,
        segmenter.open(source, max_frames=max_frames, stages=stages) as video,
        ExitStack() as open_sinks,
    ):
        sinks: list[Sink] | None = None
        for result in segmenter.segment(video, stages):
            ids = result.labels()
            confidence = None if result.confidence is None else result.confidence.float().cpu().numpy()
            if sinks is None:
                sinks = _sinks(save, Path(folder), video.info, result.classes)
                for sink in sinks:
                    open_sinks.enter_context(sink)
            if "overlay" in save and not result.is_key:  # which the network had converted
                with stages.measure("colour conversion"):
                    _ = result.frame.pixels
            with stages.measure("write"):
                for sink in sinks:
                    sink.write(result.frame, ids, is_key=result.is_key, distance=result.distance, confidence=confidence)
        with stages.measure("write"):
            open_sinks.close()
    return stages.summary()


def _sinks(kinds: Collection[str], folder: Path, info: VideoInfo, classes: Classes) -> list[Sink]:
    makers: dict[str, Callable[[], Sink]] = {
        "overlay": lambda: OverlaySink(folder / "overlay.mp4", info, classes),
        "masks": lambda: MaskSink(folder / "masks.mkv", info, classes),
        "confidence": lambda: ConfidenceSink(folder / "confidence.mkv", info, classes),
        "images": lambda: ImageSink(folder / "images", info, classes),
        "stats": lambda: StatisticsSink(folder, info, classes),
    }
    return [makers[kind]() for kind in KINDS if kind in kinds]
