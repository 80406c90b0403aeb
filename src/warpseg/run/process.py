"""Process: one source to files, as ``warpseg segment`` does for each of its sources."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from warpseg.engine.pipeline import Inline, Threads
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Running, Segmenter
from warpseg.engine.source import Source
from warpseg.engine.timing import Stages
from warpseg.errors import OutputError, VideoError, WarpsegError
from warpseg.files import remove
from warpseg.messages import explain
from warpseg.run.interrupt import interruptible, is_asked, uninterrupted
from warpseg.run.lock import only_writer
from warpseg.run.names import OUTPUTS, output_name
from warpseg.run.page import write_report
from warpseg.run.result import Report, once, write_run
from warpseg.run.run_json import RunFacts
from warpseg.run.samples import Collected
from warpseg.run.slowdown import Slowdown
from warpseg.sinks import SINKS, begin
from warpseg.sinks.base import FrameResult, Sink
from warpseg.types import Classes, VideoInfo
from warpseg.video import SourceOptions
from warpseg.video.allowed import is_address
from warpseg.video.interruptible import give_up_when

__all__ = ["process"]

_log = logging.getLogger("warpseg")
_NEEDED = ("decode", "colour conversion", "labels", "write")  # stages of frame by frame next to the network
_LABELLED = 4  # frames with labels that wait to be written

give_up_when(is_asked)  # a sink that waits for the source's sound does so with signals held back


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
    options: SourceOptions | None = None,
    progress: Callable[[Report, VideoInfo], None] | None = None,
    command: Sequence[str] | None = None,
    profile: Mapping[str, Any] | None = None,
) -> Report:
    """Segment a source into files of the folder ``out/name``, ``run.json`` among them.

    Args:
        segmenter: network and method.
        source: see ``warpseg.open_video``.
        out: folder that the source's own folder is made in.
        name: the source's folder; by default the stem of its name.
        save: kinds of output, some of ``OUTPUTS``.
        page: where the report goes instead of into that folder.
        overwrite: whether existing outputs are replaced.
        start: seconds after the source's first frame.
        end: seconds after the source's first frame.
        max_frames: frames at most.
        options: time limit, playlist and streams; see ``warpseg.SourceOptions``.
        progress: called after each frame with the report so far.
        command: the command line, for ``run.json``.
        profile: the profile that settings came from, for ``run.json``.

    Returns:
        The report that ``run.json`` holds as well.

    Raises:
        OutputError: an output is there already, cannot be written or not be had with this method, or is the source.
        VideoError: the source cannot be opened or is damaged; what was read before the damage is kept.
        KeyboardInterrupt: on Ctrl-C, once outputs are closed; what was done is kept.

    Examples:
        >>> import numpy as np, tempfile, torch
        >>> frames = [np.full((32, 48, 3), 10 * i, np.uint8) for i in range(6)]
        >>> segmenter = Segmenter(torch.nn.Conv2d(3, 4, 1), interval=3, device="cpu")
        >>> report = process(segmenter, frames, tempfile.mkdtemp(), save=["masks"])
        >>> report.frames, report.keyframes, report.complete
        (6, 2, True)
    """
    targets = _check_targets(segmenter, source, Path(out), name=name, save=save, page=page)
    targets.refuse_source(source)
    report = Report(str(source) if isinstance(source, (str, os.PathLike)) else type(source).__name__, targets.folder)
    clock = _Clock(Stages())
    failed: Exception | None = None
    with only_writer(targets.folder):
        if not overwrite:
            targets.refuse_existing()
        with (
            segmenter.running(
                source,
                start=start,
                end=end,
                max_frames=max_frames,
                options=options,
                stages=clock.stages,
                threads=True,
                keeps_pixels=targets.page is not None or targets.need("pixels"),
                confidence=targets.needs_confidence,
            ) as run,
            interruptible(),
        ):
            record = partial(
                write_run, report, segmenter, run, clock.begun, targets.kinds, command=command, profile=profile
            )
            outputs = _Outputs(targets, source, options, record)
            try:
                _pump(run, outputs, report, clock, progress)
                report.complete = True
            except KeyboardInterrupt:
                report.error = "interrupted"
                raise
            except Exception as error:
                line = explain(error) or f"{type(error).__name__}: {error}"
                report.error = str(error) if isinstance(error, WarpsegError) else line
                raise
            finally:
                with uninterrupted():
                    failed = _conclude(run, outputs, report, clock)
            if failed is not None:
                raise failed
    if report.frames == 0:
        raise VideoError(f"{report.source}: no frame in the chosen range")
    return report


@dataclass(frozen=True)
class _Targets:
    """Files that a run will make."""

    folder: Path
    kinds: list[str]  # of OUTPUTS, in its order
    page: Path | None

    @property
    def needs_confidence(self) -> bool:
        return self.page is not None or self.need("confidence")

    def need(self, what: str) -> bool:
        return any(what in SINKS[kind].needs for kind in self.kinds if kind in SINKS)

    def paths(self, kinds: Collection[str]) -> list[Path]:
        return [self.folder / file for kind in OUTPUTS if kind in kinds for file in OUTPUTS[kind]]

    def existing(self) -> list[Path]:
        """Return the outputs that are there already."""
        return [path for path in self.paths(self.kinds) if path.exists()]

    def refuse_existing(self) -> None:
        present = [path.name for path in self.existing()]
        if self.page is not None and self.page.exists() and self.page.name not in present:
            present.append(str(self.page))
        if present:
            raise OutputError(
                f"{self.folder}: {', '.join(present)} already there; choose another --out, or give --overwrite or "
                "--skip-existing"
            )

    def refuse_source(self, source: Source) -> None:
        """Raise ``OutputError`` where an output is the source itself, which nothing may replace."""
        name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
        if not isinstance(name, (str, os.PathLike)) or is_address(os.fspath(name)):
            return
        path = Path(os.fspath(name).removeprefix("file://"))
        path = path if path.exists() else path.parent  # a pattern
        pages = [] if self.page is None else [self.page]
        for output in [*self.paths(self.kinds), *pages]:
            inside = output.is_dir() and path.resolve().is_relative_to(output.resolve())
            if inside or (path.exists() and output.exists() and path.samefile(output)):
                raise OutputError(f"{output}: is the source itself and would be replaced; choose another --out")

    def stale(self) -> list[str]:
        """Return the outputs of other kinds, which an earlier run made."""
        return [path.name for path in self.paths(set(OUTPUTS) - set(self.kinds)) if path.exists()]


@dataclass
class _Outputs:
    """Sinks and page of a run; made at the first result, which tells the classes."""

    targets: _Targets
    source: Source
    options: SourceOptions | None
    record: Callable[[Classes | None], RunFacts]  # writes run.json as things stand, and returns it
    classes: Classes | None = None
    sinks: list[Sink] = field(default_factory=list)
    collected: Collected | None = None

    def __post_init__(self) -> None:
        # A killed run leaves a run.json that is not complete. Outputs of an earlier run keep theirs until they go.
        if not self.targets.existing():
            self.record(None)

    def begin(self, classes: Classes, info: VideoInfo) -> None:
        """Begin all sinks, then take away the outputs of an earlier run, so that none stands next to new ones."""
        self.classes = classes
        has_sound = isinstance(self.source, (str, Path)) and info.container != "images"
        audio = self.source if has_sound and isinstance(self.source, (str, Path)) else None
        self.sinks = begin(
            self.targets.kinds, self.targets.folder, info, classes, audio_from=audio, options=self.options
        )
        self.collected = Collected(info, classes) if self.targets.page is not None else None
        replaced = self.targets.existing()
        if replaced:
            self.record(classes)
        for path in replaced:
            remove(path)

    def finish(self, *, keep: bool) -> Exception | None:
        """Close each sink, keeping what can be kept, if anything is to be kept; return the first failure."""
        failed: Exception | None = None
        for sink in self.sinks:
            try:
                if keep:
                    sink.close()
                else:
                    sink.discard()
            except Exception as error:  # one that fails must not cost the others
                failed = failed or error
        return failed


@dataclass
class _Clock:
    """The time that a run has taken so far, and its parts."""

    stages: Stages
    started: float = field(default_factory=time.perf_counter)
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    def note(self, report: Report, pipeline: Threads | Inline) -> None:
        report.seconds, report.stages = time.perf_counter() - self.started, dict(self.stages.seconds)
        if isinstance(pipeline, Threads) and pipeline.torch_threads > 1:  # only the network's wall time is known
            report.network_alone = self.stages.seconds.get("network", 0.0) / pipeline.workers
            return
        # On a CPU whose cores are shared by all stages, their own seconds add up.
        spent = dict(self.stages.cpu_seconds)
        report.network_alone = spent.get("network", 0.0) / pipeline.workers
        report.needed_anyway = sum(spent.get(stage, 0.0) for stage in _NEEDED) / pipeline.workers


def _check_targets(
    segmenter: Segmenter,
    source: Source,
    out: Path,
    *,
    name: str | None,
    save: str | Collection[str],
    page: Path | None,
) -> _Targets:
    """Return the files to make; raises for kinds that cannot be had. Touches no file."""
    save = [save] if isinstance(save, str) else save
    unknown = sorted(set(save) - set(OUTPUTS))
    if unknown:
        raise ValueError(f"save {', '.join(unknown)}: expected some of {', '.join(OUTPUTS)}")
    kinds = [kind for kind in OUTPUTS if kind in save]
    method = segmenter.method
    if "confidence" in kinds and not method.has_confidence:
        raise OutputError(
            f"confidence is not available with scheme {method.scheme}, propagation {method.propagation}, motion "
            f"{method.motion}: choose scheme propagate or interpolate, propagation composed, motion other than none"
        )
    if name is not None and (Path(name).name != name or name == ".."):
        raise ValueError(f"name {name!r}: expected the name of a folder in {out}, without separators")
    folder = out / (name or output_name(source))
    if page is None and "report" in kinds:
        page = folder / "report.html"
    return _Targets(folder, kinds, page)


def _pump(
    run: Running,
    outputs: _Outputs,
    report: Report,
    clock: _Clock,
    progress: Callable[[Report, VideoInfo], None] | None,
) -> None:
    """Write each result to all sinks, in order."""
    slowdown = Slowdown()
    for result in run.pipeline(_labelled(run.results), waiting=_LABELLED):
        if outputs.classes is None:
            outputs.begin(result.classes, run.video.info)
        ids = result.labels()
        confidence = None if result.confidence is None else result.confidence.float().cpu().numpy()
        with uninterrupted():  # a frame is in all outputs or in none
            with clock.stages.measure("write"):
                for sink in outputs.sinks:
                    sink.write(FrameResult(result.frame, ids, result.is_key, result.distance, confidence))
            if outputs.collected is not None:
                with clock.stages.measure("report"):
                    outputs.collected.add(result, ids)
            report.frames += 1
            report.keyframes += result.is_key
        clock.note(report, run.pipeline)
        slower = slowdown.see(report)
        if slower:
            _log.warning("note: %s: %s", report.source, slower)
            report.logged.append(slower)
        if progress is not None:
            progress(report, run.video.info)


def _conclude(run: Running, outputs: _Outputs, report: Report, clock: _Clock) -> Exception | None:
    """Close the sinks, fill in the report, write the page and then ``run.json``; return the first failure."""
    run.pipeline.close()
    with clock.stages.measure("write"):
        failed = outputs.finish(keep=report.frames > 0)
    if report.frames == 0:
        if not outputs.targets.existing():  # the run.json of the beginning
            remove(report.folder / "run.json")
        return failed
    report.complete = report.complete and failed is None
    report.error = report.error or (str(failed) if failed else None)
    clock.note(report, run.pipeline)
    report.warnings = once([*run.video.warnings, *(line for sink in outputs.sinks for line in sink.warnings)])
    report.warnings += [*([run.warning] if run.warning else []), *run.notes, *report.logged]
    stale = outputs.targets.stale()
    if stale:
        report.warnings.append(f"{', '.join(stale)}: left as an earlier run made them")
    facts = outputs.record(outputs.classes)
    if outputs.targets.page is not None:
        try:
            write_report(outputs.targets.page, facts, outputs.collected)
        except Exception as error:
            failed = failed or error
            report.complete, report.error = False, report.error or str(error)
            outputs.record(outputs.classes)
    return failed


def _labelled(results: Iterator[Segmentation]) -> Iterator[Segmentation]:
    """Yield the results with their labels made, which is a stage of its own."""
    for result in results:
        result.labels()
        yield result
