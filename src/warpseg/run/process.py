"""One source to files: what ``warpseg segment`` does for each of its sources."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from warpseg.engine.pipeline import Threads
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Source
from warpseg.engine.timing import Stages
from warpseg.errors import OutputError, VideoError, WarpsegError
from warpseg.run.interrupt import one_interrupt
from warpseg.run.page import write_report
from warpseg.run.result import Report, once, write_run
from warpseg.run.samples import Collected
from warpseg.sinks import Sink, begin
from warpseg.types import Classes, VideoInfo

__all__ = ["OUTPUTS", "output_name", "process"]

# What can be saved, and the files that each makes in the source's folder.
OUTPUTS = {
    "overlay": ("overlay.mp4",),
    "masks": ("masks.mkv",),
    "confidence": ("confidence.mkv",),
    "images": ("images",),
    "stats": ("frames.csv", "classes.json"),
    "report": ("report.html",),
}
_DRAWN = "overlay"  # of these, what is drawn on every frame's picture
_NEEDED = ("decode", "colour conversion", "labels", "write")  # stages of frame by frame beside the network
_LABELLED = 4  # frames with labels that wait to be written


def output_name(source: Source) -> str:
    """Return the folder name for a source: a file's stem, a folder's name, a pattern's folder, else "video"."""
    if not isinstance(source, (str, os.PathLike)):
        return "video"
    text = os.fspath(source)
    path = Path(text)
    if not path.exists():
        if "://" in text:
            path = Path(unquote(urlsplit(text).path))
        elif text.startswith("pipe:") or text == "-":
            return "video"
        elif glob.has_magic(text) or "%" in path.name:
            path = path.resolve().parent
    name = path.resolve().name if path.is_dir() else path.stem
    return name or "video"


def process(
    segmenter: Segmenter,
    source: Source,
    out: str | Path,
    *,
    name: str | None = None,
    save: str | Collection[str] = ("overlay", "masks", "stats"),
    page: Path | None = None,
    overwrite: bool = False,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    progress: Callable[[Report, VideoInfo], None] | None = None,
    command: Sequence[str] | None = None,
    profile: Mapping[str, Any] | None = None,
) -> Report:
    """Segment ``source`` into files of the folder ``out/name`` (``name``: the source's stem) and return what happened.

    ``save`` chooses among ``OUTPUTS``; ``run.json`` is always written. ``page`` is where the report goes instead of
    into that folder. ``start`` and ``end`` are seconds after the first frame. ``progress`` is called after each frame.
    ``command`` and ``profile`` are noted in ``run.json``. Existing outputs are refused with ``OutputError`` unless
    ``overwrite``. Raises ``VideoError`` or ``OutputError`` where it cannot go on, and ``KeyboardInterrupt`` when
    interrupted, in each case after closing and keeping what was done, and with ``run.json`` saying that it is not
    complete.
    """
    save = [save] if isinstance(save, str) else save
    unknown = sorted(set(save) - set(OUTPUTS))
    if unknown:
        raise ValueError(f"save {', '.join(unknown)}: expected some of {', '.join(OUTPUTS)}")
    kinds = [kind for kind in OUTPUTS if kind in save]
    if "confidence" in kinds and not segmenter.can_judge:
        raise OutputError(
            f"nobody judges confidence with scheme {segmenter.scheme}, propagation {segmenter.propagation}, motion "
            f"{segmenter.motion}: choose scheme propagate or interpolate, propagation composed, motion other than none"
        )
    if page is not None or {"confidence", "report"} & set(kinds):
        segmenter = segmenter.judging()
    folder = Path(out) / (name or output_name(source))
    if page is None and "report" in kinds:
        page = folder / "report.html"
    present = [path.name for path in _targets(folder, [*kinds]) if path.exists()]
    if page is not None and page.exists() and page.name not in present:
        present.append(str(page))
    if present and not overwrite:
        raise OutputError(f"{folder}: {', '.join(present)} already there; choose another --out or give --overwrite")
    report = Report(str(source) if isinstance(source, (str, os.PathLike)) else type(source).__name__, folder)
    started, begun = time.perf_counter(), datetime.now(UTC)
    stages = Stages()
    with (
        segmenter.threads() as pipeline,
        segmenter.open(source, start=start, end=end, max_frames=max_frames, stages=stages, pipeline=pipeline) as video,
    ):
        room, given_up = segmenter.room(video.info, pipeline, keeps_pixels=page is not None or _DRAWN in kinds)
        results = segmenter.segment(video, stages, pipeline=pipeline, room=room)
        made = _make_folder(folder)
        sinks: list[Sink] = []
        classes: Classes | None = None
        collected: Collected | None = None
        with one_interrupt() as interrupt:
            try:
                for result in pipeline(_labelled(results), waiting=_LABELLED):
                    if classes is None:
                        classes = result.classes
                        sound = source if isinstance(source, (str, Path)) and video.info.container != "images" else None
                        sinks = begin(kinds, folder, video.info, classes, audio_from=sound)
                        collected = Collected(video.info, classes) if page is not None else None
                    ids = result.labels()
                    confidence = None if result.confidence is None else result.confidence.float().cpu().numpy()
                    with stages.measure("write"):
                        for sink in sinks:
                            sink.write(
                                result.frame,
                                ids,
                                is_key=result.is_key,
                                distance=result.distance,
                                confidence=confidence,
                            )
                    if collected is not None:
                        with stages.measure("report"):
                            collected.add(result, ids)
                    report.frames += 1
                    report.keyframes += result.is_key
                    if progress is not None:
                        _clock(report, started, stages, pipeline)
                        progress(report, video.info)
                report.complete = True
            except KeyboardInterrupt:
                report.error = "interrupted"
                raise
            except Exception as error:
                report.error = str(error) if isinstance(error, WarpsegError) else f"{type(error).__name__}: {error}"
                raise
            finally:
                interrupt.closing = True
                pipeline.close()
                with stages.measure("write"):
                    failed = _finish(sinks, keep=report.frames > 0)
                report.complete = report.complete and failed is None
                report.error = report.error or (str(failed) if failed else None)
                _clock(report, started, stages, pipeline)
                report.warnings = once([*video.warnings, *(line for sink in sinks for line in sink.warnings)])
                if given_up:
                    report.warnings.append(given_up)
                stale = [path.name for path in _targets(folder, set(OUTPUTS) - set(kinds)) if path.exists()]
                if stale:
                    report.warnings.append(f"{', '.join(stale)}: left as an earlier run made them")
                if report.frames:
                    at_once = {
                        "networks": pipeline.workers, "torch_threads_each": pipeline.torch_threads, "batch": room.batch,
                        "frames_waiting_at_most": room.frames,
                    }  # fmt: skip
                    facts = write_run(report, segmenter, video, begun, kinds, classes, command, profile, at_once)
                    if page is not None:
                        write_report(page, facts, collected)
                else:
                    for path in made:
                        with suppress(OSError):
                            path.rmdir()
            if failed is not None:
                raise failed
    if report.frames == 0:
        raise VideoError(f"{report.source}: no frame in the chosen range")
    return report


def _labelled(results: Iterator[Segmentation]) -> Iterator[Segmentation]:
    """Yield the results with their labels made, which is a stage of its own."""
    for result in results:
        result.labels()
        yield result


def _clock(report: Report, started: float, stages: Stages, pipeline: Threads) -> None:
    """Note how long it has taken so far, and what of that."""
    report.seconds, report.stages = time.perf_counter() - started, dict(stages.seconds)
    if pipeline.torch_threads == 1:
        # On a CPU whose cores are shared by all stages, their own seconds add up.
        spent = dict(stages.cpu_seconds)
        report.network_alone = spent.get("network", 0.0) / pipeline.workers
        report.needed_anyway = sum(spent.get(stage, 0.0) for stage in _NEEDED) / pipeline.workers
    else:  # all that can be said is how long the network took beside the rest
        report.network_alone = stages.seconds.get("network", 0.0) / pipeline.workers


def _targets(folder: Path, kinds: Collection[str]) -> list[Path]:
    files = [file for kind in OUTPUTS if kind in kinds for file in OUTPUTS[kind]]
    return [folder / file for file in files]


def _make_folder(folder: Path) -> list[Path]:
    """Make ``folder`` and return those folders that were not there before, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror}); choose another --out") from error
    return missing


def _finish(sinks: Sequence[Sink], *, keep: bool) -> Exception | None:
    """Close each sink, keeping what can be kept, if anything is to be kept; return the first failure."""
    failed: Exception | None = None
    for sink in sinks:
        try:
            if keep:
                sink.close()
            else:
                sink.discard()
        except Exception as error:  # one that fails must not cost the others
            failed = failed or error
    return failed
