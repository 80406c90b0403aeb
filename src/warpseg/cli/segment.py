"""``warpseg segment``: videos in, overlays, masks and statistics out."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from warpseg.cli.common import check_page, complain, picture_size, seconds
from warpseg.cli.interval import interval_of
from warpseg.cli.profile import settle
from warpseg.errors import ModelError
from warpseg.networks import families
from warpseg.run.startup import heavy_imports
from warpseg.sinks import SINKS

if TYPE_CHECKING:
    from warpseg.run.result import Report

__all__ = ["segment"]

_KINDS = (*SINKS, "report")


def segment(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            show_default=False,
            help="Video files, URLs, '-' for a pipe, folders or patterns of images.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results, DIR/<stem>/ a source.")
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=f"{families()}.",
        ),
    ] = "camvid",
    profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings that warpseg calibrate found; options given beside it win."),
    ] = None,
    scheme: Annotated[
        Literal["every", "copy", "propagate", "interpolate"],
        typer.Option(help="Network on every frame; nearest keyframe copied; Algorithm 1; Algorithm 2."),
    ] = "interpolate",
    interval: Annotated[
        str,
        typer.Option(
            "--interval", "-n", help="Frames from one keyframe to the next, or auto: keyframes where they are needed."
        ),
    ] = "5",
    max_interval: Annotated[
        int | None, typer.Option(min=1, help="With --interval auto: the most frames between keyframes.  [default: 30]")
    ] = None,
    keyframes_per_second: Annotated[
        float | None, typer.Option(help="With --interval auto: so many keyframes a second of video, on average.")
    ] = None,
    target_fps: Annotated[
        float | None, typer.Option(help="With --interval auto: as many keyframes as this frame rate leaves time for.")
    ] = None,
    fusion: Annotated[
        Literal["confidence", "average", "maximum", "convolution"],
        typer.Option(help="How Algorithm 2 joins two keyframes: by the pictures' agreement, by distance, as named."),
    ] = "confidence",
    fusion_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --fusion convolution: its weights, a safetensors file.")
    ] = None,
    motion: Annotated[
        Literal["auto", "codec", "estimate", "flow", "none"],
        typer.Option(
            help="Vectors of the codec where it has them, else estimated; only these; always estimated; optical flow."
        ),
    ] = "auto",
    flow_weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --motion flow: weights of torchvision's RAFT, else OpenCV's DIS."),
    ] = None,
    save: Annotated[
        str,
        typer.Option(metavar="KINDS", help=f"What to write, with commas: {', '.join(_KINDS)}."),
    ] = "overlay,masks,stats",
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the report, one HTML page, here; of one SOURCE."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:i or mps.")] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        typer.Option(help="What the network computes in; auto: bf16 where the device has it, a py: module's own type."),
    ] = "auto",
    imgsz: Annotated[
        str | None,
        typer.Option(
            metavar="N|HxW", help="Scale keyframes for the network: shorter side, or HEIGHTxWIDTH. Labels stay whole."
        ),
    ] = None,
    compile_: Annotated[
        bool, typer.Option("--compile", help="Compile the network (torch.compile): takes a minute, then faster.")
    ] = False,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Keyframes that go through the network together.  [default: 1, on a GPU 8]"),
    ] = None,
    memory: Annotated[float, typer.Option(metavar="GB", help="For frames that wait for keyframes, at most.")] = 1.0,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin here: seconds or HH:MM:SS after the first frame.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Stop here: seconds or HH:MM:SS.")] = None,
    max_frames: Annotated[int | None, typer.Option(min=1, help="Stop after this many frames.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace outputs that are there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a source, one a line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what was chosen and why.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Segment videos: the network runs on keyframes, motion carries its result to the frames between."""
    kinds = [kind.strip() for kind in save.split(",") if kind.strip()]
    if not kinds or set(kinds) - set(_KINDS):
        raise typer.BadParameter(f"{save!r}: expected some of {', '.join(_KINDS)}, with commas", param_hint="--save")
    if report is not None:
        check_page(report, "--report")
        if len(sources) > 1:
            raise typer.BadParameter("several sources: add report to --save, for a page each", param_hint="--report")
    if (fusion == "convolution") != (fusion_weights is not None):
        raise typer.BadParameter("goes with --fusion convolution, and that with it", param_hint="--fusion-weights")
    network_size = picture_size(imgsz, "--imgsz")
    begin, stop = seconds(start, "--start"), seconds(end, "--end")
    if stop is not None and stop <= (begin or 0):
        raise typer.BadParameter(f"{end!r} is not after the start", param_hint="--end")
    policy = interval_of(interval, max_interval, keyframes_per_second, target_fps)
    settings = settle(
        context, profile, scheme=scheme, interval=policy, fusion=fusion, motion=motion, flow_weights=flow_weights
    )
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("warpseg").setLevel(logging.INFO if verbose else logging.WARNING)

    # Heavy imports wait until the arguments are known to be right.
    with heavy_imports():
        from warpseg.cli.progress import Progress
        from warpseg.engine.segmenter import Segmenter
        from warpseg.run.process import output_name, process

    try:
        segmenter = Segmenter(
            model,
            **settings.options,
            fusion_weights=fusion_weights,
            device=device,
            precision=precision,
            imgsz=network_size,
            compile=compile_,
            batch=batch or "auto",
            memory=1e9 * memory,
        )
        settings.check_model(segmenter.network.name, segmenter.network.checksum)
        if profile is not None and imgsz is not None:
            print(f"note: --imgsz {imgsz} beside a profile: its promise does not hold", file=sys.stderr)
    except (ModelError, ValueError) as error:  # the latter: options that do not go together
        if debug:
            raise
        complain(error)
        raise typer.Exit(2) from error

    failed = False
    for source, name in zip(sources, _numbered([output_name(source) for source in sources]), strict=True):
        progress = Progress(source, max_frames)
        failure: Exception | None = None
        try:
            with progress:
                process(
                    segmenter,
                    source,
                    out,
                    name=name,
                    save=kinds,
                    page=report,
                    overwrite=overwrite,
                    start=begin,
                    end=stop,
                    max_frames=max_frames,
                    progress=progress,
                    command=sys.argv,
                    profile=settings.facts,
                )
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is nothing left to stop
            kept = f"; what was done is kept in {out / name}" if progress.report else ""
            print(f"interrupted{kept}", file=sys.stderr)
            raise typer.Exit(130) from None
        except Exception as error:  # a network's own errors as well: one source must not cost the others
            if debug:
                raise
            failure = error
        _tell(source, progress.report, failure, as_json)
        failed = failed or failure is not None
    if failed:
        raise typer.Exit(1)


def _numbered(names: list[str]) -> list[str]:
    """Make equal names differ: clip, clip_2, clip_3."""
    seen: Counter[str] = Counter()
    taken = set(names)
    unique = []
    for name in names:
        seen[name] += 1
        candidate = name if seen[name] == 1 else f"{name}_{seen[name]}"
        while seen[name] > 1 and candidate in taken:
            seen[name] += 1
            candidate = f"{name}_{seen[name]}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def _tell(source: str, report: Report | None, error: Exception | None, as_json: bool) -> None:
    """Say how a source went: notes and errors on standard error, the result on standard output."""
    for line in report.warnings if report else []:
        print(f"note: {source}: {line}", file=sys.stderr)
    if error is not None:
        complain(error)
    if as_json and report:
        print(json.dumps(json.loads((report.folder / "run.json").read_text(encoding="utf-8"))), flush=True)
    elif as_json:
        print(json.dumps({"complete": False, "error": str(error), "source": source}), flush=True)
    elif report:
        faster = f", {report.speed_up:.1f}x the speed of the network on every frame" if report.speed_up else ""
        print(
            f"{report.folder}: {report.frames} frames, {report.keyframes} keyframes, "
            f"{report.seconds:.1f} s, {report.frames_per_second:.1f} frames a second{faster}"
        )
