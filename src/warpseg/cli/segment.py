"""``warpseg segment``: segments videos and writes overlays, masks and statistics."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import complain, errors, note
from warpseg.cli.method import interval_of, usual_fusion
from warpseg.cli.profile import Settings, settle
from warpseg.cli.values import check_file, check_range, words
from warpseg.errors import ModelError
from warpseg.messages import printable
from warpseg.run.names import finished_run, folder_names
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.engine.segmenter import Segmenter
    from warpseg.run.result import Report

__all__ = ["segment"]


def segment(
    context: typer.Context,
    sources: o.SourcesArgument,
    out: o.OutOption,
    model: o.ModelOption = "camvid",
    profile: o.ProfileOption = None,
    scheme: o.SchemeOption = "interpolate",
    interval: o.IntervalOption = "5",
    max_interval: o.MaxIntervalOption = None,
    keyframes_per_second: o.KeyframesPerSecondOption = None,
    target_fps: o.TargetFpsOption = None,
    fusion: o.FusionOption = None,
    fusion_weights: o.FusionWeightsOption = None,
    propagation: o.PropagationOption = "composed",
    reverse: o.ReverseOption = "searched",
    motion: o.MotionOption = "auto",
    flow_weights: o.FlowWeightsOption = None,
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    batch: o.BatchOption = None,
    memory: o.MemoryOption = 1.0,
    start: o.StartOption = None,
    end: o.EndOption = None,
    max_frames: o.MaxFramesOption = None,
    timeout: o.TimeoutOption = None,
    playlist: o.PlaylistOption = False,
    video_stream: o.VideoStreamOption = None,
    audio_stream: o.AudioStreamOption = None,
    save: o.SaveOption = "overlay,masks,stats",
    report: o.ReportOption = None,
    overwrite: o.OverwriteOption = False,
    skip_existing: o.SkipExistingOption = False,
    as_json: o.JsonOption = False,
    verbose: o.VerboseOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Segment videos: the network runs on keyframes, and motion propagates its results to intermediate frames."""
    kinds = words(save, o.names_of("save"), "--save")
    check_file(report, "--report", ".html", ".htm")
    if report is not None and len(sources) > 1:
        raise typer.BadParameter("one page is for one SOURCE: use --save report for a page each", param_hint="--report")
    check_range(start, end)
    settings = settle(
        context, profile, debug=debug,
        scheme=scheme, interval=interval_of(interval, max_interval, keyframes_per_second, target_fps),
        fusion=usual_fusion(fusion, propagation), propagation=propagation, reverse=reverse, motion=motion,
        flow_weights=flow_weights, imgsz=imgsz, precision=precision,
    )  # fmt: skip
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("warpseg").setLevel(logging.INFO if verbose else logging.WARNING)

    with heavy_imports():  # which wait until the options are known to be right
        from warpseg.engine.segmenter import Segmenter
        from warpseg.video.options import SourceOptions

    with errors(debug, usage=(ModelError, ValueError)):
        segmenter = Segmenter(
            model,
            **settings.options,
            fusion_weights=fusion_weights,
            device=device,
            compile=compile_,
            batch=batch or "auto",
            memory=1e9 * memory,
        )
        settings.check_model(segmenter.network.name, segmenter.network.checksum)
    choices = SourceOptions(timeout, playlist, video_stream, audio_stream)
    limits = {"start": start, "end": end, "max_frames": max_frames, "options": choices}
    writing = {"save": kinds, "page": report, "overwrite": overwrite}
    names = folder_names(out, sources)
    todo = [
        (source, name)
        for source, name in zip(sources, names, strict=True)
        if not (skip_existing and _is_done(out / name, source, kinds, as_json=as_json))
    ]
    if not _segment_all(segmenter, todo, out, settings, limits | writing, as_json=as_json, debug=debug):
        raise typer.Exit(1)


def _segment_all(
    segmenter: Segmenter,
    sources: list[tuple[str, str]],
    out: Path,
    settings: Settings,
    options: dict[str, Any],
    *,
    as_json: bool,
    debug: bool,
) -> bool:
    """Process each source into the folder of its name, whatever becomes of the others; return whether all went well."""
    from warpseg.cli.progress import Progress
    from warpseg.run.process import process

    failures: list[Exception] = []
    for source, name in sources:
        progress = Progress(source, options["max_frames"])
        before = len(failures)

        def kept(progress: Progress = progress, name: str = name) -> str:
            return f"; finished frames are kept in {out / name}" if progress.report else ""

        with errors(debug, failures=failures, kept=kept), progress:
            process(
                segmenter,
                source,
                out,
                name=name,
                progress=progress,
                command=sys.argv,
                profile=settings.facts,
                **options,
            )
        _print(source, progress.report, failures[before:], as_json=as_json)
    return not failures


def _is_done(folder: Path, source: str, kinds: list[str], *, as_json: bool) -> bool:
    """Return whether an earlier run over the source is complete in ``folder``, and print so."""
    facts = finished_run(folder, source, kinds)
    if facts is not None:
        print(json.dumps(facts) if as_json else f"{folder}: done already", flush=True)
    return facts is not None


def _print(source: str, report: Report | None, failures: list[Exception], *, as_json: bool) -> None:
    """Print the outcome of a source: notes and errors on standard error, the result on standard output."""
    for line in [line for line in report.warnings if line not in report.logged] if report else []:
        note(f"note: {source}: {line}")
    for error in failures:
        complain(error)
    if as_json and report:
        print(json.dumps(json.loads((report.folder / "run.json").read_text(encoding="utf-8"))), flush=True)
    elif as_json:
        print(json.dumps({"complete": False, "error": str(failures[0]), "source": source}), flush=True)
    elif report:
        faster = f", {report.speed_up:.1f}x the speed of the network on every frame" if report.speed_up else ""
        print(
            f"{printable(report.folder)}: {report.frames} frames, {report.keyframes} keyframes, "
            f"{report.seconds:.1f} s, {report.frames_per_second:.1f} frames a second{faster}"
        )
