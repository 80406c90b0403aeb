"""The stages one after the other in one thread, so that each is timed with the machine to itself."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Source
from warpseg.engine.timing import Stages, Summary
from warpseg.sinks import SINKS, begin
from warpseg.sinks.base import FrameResult, Sink

__all__ = ["KINDS", "MODEL", "STAGES", "alone"]

STAGES = ("decode", "motion", "colour conversion", "network", "warp and fuse", "labels", "write")
MODEL = ("network", "warp and fuse", "labels")  # counted as "model only"
KINDS = tuple(SINKS)  # outputs that are written frame by frame


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
                sinks = begin(save, Path(folder), video.info, result.classes)
                for sink in sinks:
                    open_sinks.enter_context(sink)
            with stages.measure("write"):
                for sink in sinks:
                    sink.write(FrameResult(result.frame, ids, result.is_key, result.distance, confidence))
        with stages.measure("write"):
            open_sinks.close()
    return stages.summary()
