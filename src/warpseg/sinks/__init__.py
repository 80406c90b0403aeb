"""Sinks: one small class for each kind of output file; ``begin`` opens them by name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from warpseg.sinks.base import Sink
from warpseg.sinks.confidence import ConfidenceSink
from warpseg.sinks.images import ImageSink
from warpseg.sinks.masks import MaskSink
from warpseg.sinks.overlay import OverlaySink
from warpseg.sinks.statistics import StatisticsSink
from warpseg.types import Classes, VideoInfo

__all__ = ["ConfidenceSink", "ImageSink", "MaskSink", "OverlaySink", "Sink", "StatisticsSink", "begin"]


def begin(
    kinds: Collection[str], folder: Path, info: VideoInfo, classes: Classes, *, audio_from: str | Path | None = None
) -> list[Sink]:
    """Return the sinks of ``kinds`` (overlay, masks, confidence, images, stats), begun in ``folder``.

    Names of anything else are passed over. Raises ``OutputError`` where one cannot be begun, and leaves none behind.
    """
    makers: dict[str, Callable[[], Sink]] = {
        "overlay": lambda: OverlaySink(folder / "overlay.mp4", info, classes, audio_from=audio_from),
        "masks": lambda: MaskSink(folder / "masks.mkv", info, classes),
        "confidence": lambda: ConfidenceSink(folder / "confidence.mkv", info, classes),
        "images": lambda: ImageSink(folder / "images", info, classes),
        "stats": lambda: StatisticsSink(folder, info, classes),
    }
    sinks: list[Sink] = []
    try:
        for kind, make in makers.items():
            if kind in kinds:
                sinks.append(make())
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks
