"""``warpseg info``: describes the stream, pictures and motion of videos, and suggests an interval."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import complain, errors
from warpseg.cli.values import check_file, check_range
from warpseg.errors import WarpsegError
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.measure.video import Inspection, Measured
    from warpseg.measure.video.samples import Collector

__all__ = ["info"]

_SHOWN = 30  # pictures of a group that are printed


def info(
    sources: o.SourcesArgument,
    start: o.StartOption = None,
    end: o.EndOption = None,
    max_frames: o.MaxFramesOrZeroOption = 300,
    timeout: o.TimeoutOption = None,
    playlist: o.PlaylistOption = False,
    video_stream: o.VideoStreamOption = None,
    motion: o.MotionOption = "auto",
    plot: o.PlotOption = None,
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Describe videos: stream, pictures, motion and its quality, and an interval to start with."""
    check_range(start, end)
    check_file(plot, "--plot", ".png")
    if plot is not None and len(sources) > 1:
        raise typer.BadParameter("one plot shows one source: give a single SOURCE", param_hint="--plot")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the options are known to be right.
    with heavy_imports():
        from warpseg.measure.video import inspect
        from warpseg.video.options import SourceOptions

    options = SourceOptions(timeout, playlist, video_stream)
    collector = None if plot is None else _collector(debug=debug)
    failures: list[Exception] = []
    for source in sources:
        found, before = None, len(failures)
        with errors(debug, failures=failures):
            found = inspect(
                source, start=start, end=end, max_frames=max_frames, options=options, motion=motion, watch=collector
            )
            if plot is not None and collector is not None:
                from warpseg.measure.video.plot import draw

                draw(found, collector, plot)
        if len(failures) > before:
            found = None
        elif found is not None and found.error is not None:
            failures.append(WarpsegError(found.error))
        _print_outcome(source, found, failures[before:], as_json=as_json)
    if failures:
        raise typer.Exit(1)


def _collector(*, debug: bool) -> Collector:
    """Return the collector of the plot's data; ends the command if matplotlib is missing."""
    from warpseg.measure.video.samples import Collector
    from warpseg.view.figure import check_matplotlib

    with errors(debug, usage=(WarpsegError,)):
        check_matplotlib("--plot")
    return Collector()


def _print_outcome(source: str, found: Inspection | None, failures: list[Exception], *, as_json: bool) -> None:
    if found is not None and as_json:
        print(json.dumps(found.to_dict() | {"source": source}), flush=True)
    elif found is not None:
        _print(source, found)
    elif as_json:
        print(json.dumps({"source": source, "complete": False, "error": str(failures[0])}), flush=True)
    for error in failures:
        complain(error)


def _print(source: str, found: Inspection) -> None:
    print(source)
    for name, value in _lines(found):
        print(f"  {name:<12} {value}")
    print(flush=True)


def _lines(found: Inspection) -> Iterator[tuple[str, str]]:
    """Yield (what, value) a line."""
    video, stated, pictures = found.video, found.stated, found.pictures
    yield "container", ": ".join(filter(None, (video.container, stated.format))) or "none"
    yield "video", _video(found)
    yield "rate", _rate(found)
    length = "not stated" if found.duration is None else f"{float(found.duration):.2f} s"
    yield "duration", length + (f", {found.frames[0]} frames ({found.frames[1]})" if found.frames else "")
    if stated.audio is not None:
        sound = "; ".join(f"{one.codec} {one.rate} Hz {one.layout}" for one in stated.audio)
        yield "audio", sound or "none"
    first, last = found.times.first or 0, found.times.last or 0
    part = "all" if found.whole else "part of the source"
    yield "analysed", f"{found.times.count} frames, {float(first):.2f} to {float(last):.2f} s ({part})"
    if pictures.counts:
        yield "pictures", _shares(Counter[str](pictures.counts))
        yield "GOP", _gop(found)
    if found.distances:
        yield "vectors", f"{_shares(_signed(found.distances))} of the area they cover"
    if found.intra is not None:
        yield "intra", f"{found.intra:.1%} of the area of P- and B-frames has no vector"
    yield "motion", found.decision
    yield "used", f"{_shares(found.motion)} of frames"
    cuts = ", ".join(map(str, found.cuts[:10])) + (", ..." if len(found.cuts) > 10 else "")
    yield "scene cuts", f"{len(found.cuts)} (at frame {cuts})" if found.cuts else "none"
    yield from _quality(found)
    yield "suggestion", f"--interval {found.interval}: {found.why}" if found.interval else f"none: {found.why}"
    for note in found.notes:
        yield "note", note


def _video(found: Inspection) -> str:
    video, stated = found.video, found.stated
    height, width = video.size
    words = [" ".join(filter(None, (video.codec, stated.profile))) or "pictures", f"{width}x{height}"]
    if video.rotation:
        words.append(f"rotated by {video.rotation} degrees")
    if video.sample_aspect_ratio != 1:
        words.append(f"pixel aspect {video.sample_aspect_ratio}")
    if stated.pixel_format:
        words.append(f"{stated.pixel_format} ({stated.bits} bit)")
    if stated.bit_rate:
        words.append(f"{stated.bit_rate / 1000:,.0f} kbit/s in all")
    return ", ".join(words)


def _rate(found: Inspection) -> str:
    rate, times = found.video.frame_rate, found.times
    if rate is None:
        stated = "not stated"
    else:
        stated = f"{rate} fps" if rate.denominator == 1 else f"{rate} = {float(rate):.3f} fps"
    if not found.stated.has_timestamps:
        return f"{stated}, no timestamps"
    if times.constant is None or times.shortest is None or times.longest is None:
        return stated
    if times.constant:
        return f"{stated}, constant"
    return f"{stated} on average, variable: {1000 * float(times.shortest):.4g} to {1000 * float(times.longest):.4g} ms"


def _gop(found: Inspection) -> str:
    pictures = found.pictures
    if pictures.groups:
        words = [f"I-frame every {_spread(pictures.groups)} frames"]
    else:
        words = ["one I-frame" if pictures.counts["I"] else "no I-frame"]
    if not pictures.counts["B"]:
        words.append("no B-frames")
    elif pictures.between:
        words.append(f"{_spread(pictures.between)} B-frames between anchors")
    if pictures.pattern:
        words.append(pictures.pattern if len(pictures.pattern) <= _SHOWN else f"{pictures.pattern[:_SHOWN]}...")
    return "; ".join(words)


def _spread(counts: Counter[int]) -> str:
    typical, least, most = counts.most_common(1)[0][0], min(counts), max(counts)
    return f"{typical}" if least == most else f"{typical} ({least} to {most})"


def _quality(found: Inspection) -> Iterator[tuple[str, str]]:
    if found.quality is None or found.compared_at is None:
        yield "warp quality", "no two frames of one scene to compare"
        return
    height, width = found.compared_at
    where = f"luma at {width}x{height}, {found.quality.pairs} pairs"
    if found.quality.warped == found.quality.still == 0:
        yield "warp quality", f"frozen: no frame differs from the one before ({where})"
        return
    yield "warp quality", f"{_decibels(found.quality)} ({where})"
    yield "at distance", "   ".join(f"{far.distance}: {_decibels(far, short=True)}" for far in found.curve)


def _decibels(measured: Measured, *, short: bool = False) -> str:
    from warpseg.measure.video.quality import psnr

    warped, still = (f"{psnr(error):.1f}" for error in (measured.warped, measured.still))
    return f"{warped}/{still}" if short else f"{warped} dB, zero motion {still} dB"


def _signed(distances: Counter[int]) -> Counter[str]:
    """Name distances "-1", "+1" ..., those of less than one part in 200 together."""
    total = distances.total()
    named = Counter[str]()
    for distance, count in distances.items():
        named[f"{distance:+d}" if count * 200 >= total else "others"] += count
    return named


def _shares(counts: Counter[str]) -> str:
    total = counts.total()
    return ", ".join(f"{key} {count / total:.1%}" for key, count in counts.most_common())
