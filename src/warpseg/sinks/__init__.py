"""Sinks: one kind of output file each, written frame by frame; ``begin`` opens them by name.

A sink is one file with its class and one line in ``SINKS``; options, their errors and the checks for existing outputs
follow. Code is imported when first used, so that the command line answers without waiting for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from warpseg.sinks.base import Sink
    from warpseg.types import Classes, VideoInfo
    from warpseg.video.options import SourceOptions

__all__ = ["SINKS", "SinkKind", "begin"]


@dataclass(frozen=True)
class SinkKind:
    """Kind of output: the files that it makes, its class, and its needs beyond labels."""

    files: tuple[str, ...]  # in the folder of a run; the class is called with the path of the first
    code: str  # "module:Class" in this package
    needs: tuple[Literal["pixels", "audio", "confidence"], ...] = ()  # audio: the source, as audio_from


SINKS: dict[str, SinkKind] = {
    "overlay": SinkKind(("overlay.mp4",), "overlay:OverlaySink", ("pixels", "audio")),
    "masks": SinkKind(("masks.mkv",), "masks:MaskSink"),
    "confidence": SinkKind(("confidence.mkv",), "confidence:ConfidenceSink", ("confidence",)),
    "images": SinkKind(("images",), "images:ImageSink"),
    "stats": SinkKind(("frames.csv", "classes.json"), "statistics:StatisticsSink"),
}


def begin(
    kinds: Collection[str],
    folder: Path,
    info: VideoInfo,
    classes: Classes,
    *,
    audio_from: str | Path | None = None,
    options: SourceOptions | None = None,
) -> list[Sink]:
    """Return the sinks of ``kinds``, in the order of ``SINKS``, begun in ``folder``; other names are ignored.

    ``audio_from`` is the source whose sound, opened with ``options``, goes into outputs that have sound. Raises
    ``OutputError`` if a sink cannot be begun, and then leaves none behind.
    """
    sinks: list[Sink] = []
    try:
        for kind in (kind for name, kind in SINKS.items() if name in kinds):
            module, _, name = kind.code.partition(":")
            make = getattr(import_module(f"{__name__}.{module}"), name)
            extra = {"audio_from": audio_from, "options": options} if "audio" in kind.needs else {}
            sinks.append(make(folder / kind.files[0], info, classes, **extra))
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks
