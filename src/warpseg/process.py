"""One source to files: what ``warpseg segment`` does for each of its sources."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from warpseg.errors import OutputError, VideoError, WarpsegError
from warpseg.sinks import ImageSink, MaskSink, OverlaySink, Sink, StatisticsSink
from warpseg.source import Video, open_video
from warpseg.timing import Stages
from warpseg.types import Classes, VideoInfo

if TYPE_CHECKING:
    from warpseg.segmenter import Segmenter

__all__ = ["OUTPUTS", "Report", "output_name", "process"]

# What can be saved, and the files that each makes in the source's folder.
OUTPUTS = {
    "overlay": ("overlay.mp4",),
    "masks": ("masks.mkv",),
    "images": ("images",),
    "stats": ("frames.csv", "classes.json"),
}


@dataclass
class Report:
    """What happened to one source; ``run.json`` holds the same."""

    source: str
    folder: Path
    frames: int = 0
    keyframes: int = 0
    seconds: float = 0.0  # wall time from opening to the last output closed
    stages: dict[str, float] = field(default_factory=dict)  # of these, seconds by stage
    warnings: list[str] = field(default_factory=list)  # what was assumed or substituted
    complete: bool = False
    error: str | None = None

    @property
    def frames_per_second(self) -> float:
        """Frames a second, end to end."""
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def speed_up(self) -> float | None:
        """How many times faster than the network on every frame: this run's own stage times, its network time scaled
        to every frame.
        """
        network = self.stages.get("network", 0.0)
        if not self.keyframes or not self.seconds:
            return None
        only_here = self.stages.get("motion", 0.0) + self.stages.get("warp and fuse", 0.0)
        return (self.seconds - network - only_here + network / self.keyframes * self.frames) / self.seconds


def output_name(source: Any) -> str:
    """Return the folder name for a source: a file's stem, a folder's name, a pattern's folder, else "video"."""
    if not isinstance(source, (str, os.PathLike)):
        return "video"
    path = Path(os.fspath(source).partition("?")[0])
    if any(sign in path.name for sign in "*%["):
        path = path.resolve().parent
    name = path.resolve().name if path.is_dir() else path.stem
    return name if name not in ("", "-", "..") and not os.fspath(source).startswith("pipe:") else "video"


def process(
    segmenter: Segmenter,
    source: Any,
    out: Path,
    *,
    name: str | None = None,
    save: Collection[str] = ("overlay", "masks", "stats"),
    overwrite: bool = False,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    progress: Callable[[Report, VideoInfo], None] | None = None,
    command: Sequence[str] | None = None,
) -> Report:
    """Segment ``source`` into files of the folder ``out/name`` (``name``: the source's stem) and return what happened.

    ``save`` chooses among ``OUTPUTS``; ``run.json`` is always written. ``progress`` is called after each frame.
    Existing outputs are refused with ``OutputError`` unless ``overwrite``. Raises ``VideoError`` or ``OutputError``
    where it cannot go on, and ``KeyboardInterrupt`` when interrupted, in each case after closing and keeping what was
    done, and with ``run.json`` saying that it is not complete.
    """
    unknown = sorted(set(save) - set(OUTPUTS))
    if unknown:
        raise ValueError(f"save {', '.join(unknown)}: expected some of {', '.join(OUTPUTS)}")
    folder = out / (name or output_name(source))
    targets = [folder / file for kind in save for file in OUTPUTS[kind]] + [folder / "run.json"]
    present = [path.name for path in targets if path.exists()]
    if present and not overwrite:
        raise OutputError(f"{folder}: {', '.join(present)} already there; choose another --out or give --overwrite")
    report = Report(str(source) if isinstance(source, (str, os.PathLike)) else type(source).__name__, folder)
    started, begun = time.perf_counter(), datetime.now(UTC)
    stages = Stages()
    with open_video(source, start=start, end=end, max_frames=max_frames, stages=stages) as video:
        _make_folder(folder)
        sinks: list[Sink] = []
        classes: Classes | None = None
        try:
            for result in segmenter.segment(video, stages):
                if classes is None:
                    classes = result.classes
                    trimmed_from = source if isinstance(source, (str, os.PathLike)) else None
                    sinks = _begin(save, folder, video.info, classes, trimmed_from)
                ids = result.labels()
                with stages.measure("write"):
                    for sink in sinks:
                        sink.write(result.frame, ids, is_key=result.is_key, distance=result.distance)
                report.frames += 1
                report.keyframes += result.is_key
                if progress is not None:
                    report.seconds, report.stages = time.perf_counter() - started, stages.seconds
                    progress(report, video.info)
            report.complete = True
        except BaseException as error:
            report.error = (
                str(error) if isinstance(error, WarpsegError) else f"{type(error).__name__}: {error}".rstrip(": ")
            )
            if isinstance(error, KeyboardInterrupt):
                report.error = "interrupted"
            raise
        finally:
            with stages.measure("write"):
                failed = _finish(sinks, keep=report.frames > 0)
            report.complete = report.complete and failed is None
            report.error = report.error or (str(failed) if failed else None)
            report.seconds, report.stages = time.perf_counter() - started, dict(stages.seconds)
            report.warnings = _once([*video.warnings, *(line for sink in sinks for line in sink.warnings)])
            if report.frames:
                _write_run(report, segmenter, video, begun, save, classes, command)
            else:
                _remove_empty(folder)
        if failed is not None:
            raise failed
    if report.frames == 0:
        raise VideoError(f"{report.source}: no frame in the chosen range")
    return report


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror}); choose another --out") from error


def _remove_empty(folder: Path) -> None:
    """Leave no folder behind for a source that gave no frame."""
    with suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def _begin(save: Collection[str], folder: Path, info: VideoInfo, classes: Classes, audio_from: Any) -> list[Sink]:
    sinks: list[Sink] = []
    try:
        if "overlay" in save:
            sinks.append(OverlaySink(folder / "overlay.mp4", info, classes, audio_from=audio_from))
        if "masks" in save:
            sinks.append(MaskSink(folder / "masks.mkv", info, classes))
        if "images" in save:
            sinks.append(ImageSink(folder / "images", info, classes))
        if "stats" in save:
            sinks.append(StatisticsSink(folder, info, classes))
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks


def _finish(sinks: Sequence[Sink], *, keep: bool) -> OutputError | None:
    """Close each sink, keeping what can be kept, if anything is to be kept; return the first failure."""
    failed: OutputError | None = None
    for sink in sinks:
        try:
            if keep:
                sink.close()
            else:
                sink.discard()
        except OutputError as error:
            failed = failed or error
    return failed


def _once(lines: Sequence[str]) -> list[str]:
    """Drop repeats: outputs that were substituted alike (``overlay.mp4: ...``, ``masks.mkv: ...``) are told of once."""
    said: dict[str, str] = {}
    for line in lines:
        said.setdefault(line.partition(": ")[2] or line, line)
    return list(said.values())


def _write_run(
    report: Report,
    segmenter: Segmenter,
    video: Video,
    begun: datetime,
    save: Collection[str],
    classes: Classes | None,
    command: Sequence[str] | None,
) -> None:
    rate = video.info.frame_rate
    facts = {
        "complete": report.complete,
        "error": report.error,
        "command": list(command) if command is not None else None,
        "started": begun.isoformat(timespec="seconds"),
        "source": report.source,
        "video": {
            key: str(value) if isinstance(value, Fraction) else value for key, value in asdict(video.info).items()
        },
        "model": {
            "name": segmenter.network.name,
            "sha256": segmenter.network.checksum,
            "device": str(segmenter.network.device),
            "precision": str(segmenter.network.dtype).removeprefix("torch."),
            "classes": len(classes) if classes else None,
            "short_side": segmenter.network.short_side,  # pictures are scaled to this range for the network
        },
        "scheme": segmenter.scheme,
        "interval": segmenter.interval,
        "fusion": segmenter.fusion,
        "propagation": segmenter.propagation,
        "reverse": segmenter.reverse,
        "carried": segmenter.space,
        "saved": sorted(save),
        "frames": report.frames,
        "keyframes": report.keyframes,
        "delay": {"frames": segmenter.delay, "ms": round(float(1000 * segmenter.delay / rate), 1) if rate else None},
        "motion": dict(video.motion),
        "scene_cuts": video.cuts,
        "seconds": round(report.seconds, 3),
        "seconds_by_stage": {stage: round(spent, 3) for stage, spent in report.stages.items()},
        "frames_per_second": round(report.frames_per_second, 2),
        "speed_up_over_every_frame": round(report.speed_up, 2) if report.speed_up else None,
        "substituted": report.warnings,
        "versions": {name: version(name) for name in ("warpseg", "torch", "av", "numpy", "numba")}
        | {"python": platform.python_version()},
        "threads": torch.get_num_threads(),
    }
    path = report.folder / "run.json"
    part = path.with_name("run.part.json")
    try:
        part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); free some space or choose another --out"
        ) from error
