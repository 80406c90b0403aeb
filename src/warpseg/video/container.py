"""Containers: opens coded video (a file, a URL, a pipe or a binary file object) with PyAV and reads its pictures.

PyAV keeps FFmpeg's log silent unless the program enables it (``av.logging.set_level``), so nothing is set here: this
package's own errors and warnings report the damage that matters.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from fractions import Fraction
from functools import partial
from typing import BinaryIO

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from warpseg.errors import VideoError
from warpseg.types import Picture, PictureType, VideoInfo
from warpseg.video.colour import Converter, choose_matrix, displayed, displayed_ratio, is_full_range, rotation_of
from warpseg.video.decode import Decoder
from warpseg.video.opening import Input, open_input
from warpseg.video.options import SourceOptions
from warpseg.video.reader import ASSUMED_RATE, Clock, PictureReader, Span
from warpseg.video.refusal import explain_no_frame
from warpseg.video.side_data import SideDataReader
from warpseg.video.tracks import pick_video

__all__ = ["open_container"]

# Codecs whose decoders export motion vectors: H.264 and FFmpeg's MPEG family.
_WITH_VECTORS = frozenset(
    {"h264", "mpeg1video", "mpeg2video", "mpeg4"}
    | {"h263", "flv1", "msmpeg4v2", "msmpeg4v3", "rv10", "rv20", "wmv1", "wmv2"}
)
# AVPictureType: S (sprite) predicts like P, SI and SP are switching pictures, BI is an intra picture in a B's place.
_TYPES: dict[int, PictureType] = {1: "I", 2: "P", 3: "B", 4: "P", 5: "I", 6: "P", 7: "B"}
_STILL_TIMES = ("gif", "apng")  # containers in which each picture has a duration of its own
_HIGHEST_RATE = 1000  # frames a second; anything above is the tick of a clock, not a frame rate


def open_container(source: str | BinaryIO, span: Span, options: SourceOptions | None = None) -> PictureReader:
    """Open a coded video and decode as far as its first frame.

    Raises ``VideoError`` if it is missing, is not a video, has no video stream, or none of its frames can be decoded.
    """
    options = options or SourceOptions()
    opened = open_input(source, options)
    try:
        return _read(opened, span, options)
    except BaseException:
        opened.close()
        raise


def _read(opened: Input, span: Span, options: SourceOptions) -> PictureReader:
    container, name = opened.container, opened.name
    warnings: list[str] = []
    stream = pick_video(container, name, options.video_stream, warnings)
    # With frame threads, FFmpeg exports an H.264 B-frame's vectors before it is fully decoded: they vary between runs.
    reorders = stream.codec_context.codec.canonical_name == "h264" and stream.codec_context.has_b_frames
    stream.thread_type = "SLICE" if reorders else "AUTO"
    stream.codec_context.options = {"flags2": "+export_mvs"}
    decoder = Decoder(container, stream, opened.packets())
    first = decoder.first()
    if first is None:
        reason = explain_no_frame(
            container.format.name,
            stream.codec_context.name,
            piped=opened.piped,
            missing=opened.missing,
            cut_off=decoder.cut_off,
        )
        raise VideoError(f"{name}: {reason}")
    info = _describe(container, stream, first, name)

    def pictures() -> Generator[Picture, None, None]:
        start = None if span.start is None else math.ceil((info.start_time + span.start) / info.time_base)
        rate = info.frame_rate or ASSUMED_RATE
        fastest = max((each for each in _rates(stream) if 0 < each <= _HIGHEST_RATE), default=rate)
        clock = Clock(name, rate, info.start_time, warnings, fastest=fastest)
        stopped = yield from span.select(_pictures(decoder, start, info, clock), info)
        # An index or a picture's own duration accounts for every frame, so a gap is meant.
        gaps = [] if stream.frames or info.container in _STILL_TIMES else clock.rhythm.gaps()
        holes = [gap for gap in gaps if not clock.rhythm.is_jump(gap)]
        jumps = [*decoder.timeline.jumps, *(gap for gap in gaps if gap not in holes)]
        for before, after in sorted(jumps):
            warnings.append(f"{name}: the clock jumps from {float(before):.2f} s to {float(after):.2f} s")
        _conclude(decoder, info, span, stopped, holes, opened.missing, warnings)

    return PictureReader(info, pictures(), warnings, opened.close, opened.interrupt)


def _pictures(decoder: Decoder, start: int | None, info: VideoInfo, clock: Clock) -> Iterator[Picture]:
    converter, side_data = Converter(), SideDataReader()
    for index, frame in decoder.frames(start):
        attached = side_data.read(frame)
        rotation, mirrored = rotation_of(attached.matrix)
        stamp = _stamp(frame, info.container or "")
        yield Picture(
            index=index,
            time=clock.time(None if stamp is None else stamp * info.time_base),
            size=displayed((frame.height, frame.width), rotation),
            type=_TYPES.get(int(frame.pict_type)),
            luma=converter.luma(frame),
            vectors=attached.vectors,
            rotation=rotation,
            load=partial(converter.rgb, frame, rotation, mirrored),
            mirrored=mirrored,
        )


def _conclude(
    decoder: Decoder,
    info: VideoInfo,
    span: Span,
    stopped: bool,
    holes: list[tuple[Fraction, Fraction]],
    missing: list[str],
    warnings: list[str],
) -> None:
    """Report damage: raise ``VideoError`` if the source was read to its end, else append a warning."""
    if not stopped and span.start is None and decoder.without_frame > 0:
        warnings.append(f"{info.name}: {decoder.without_frame} of {decoder.packets} packets gave no frame")
    if decoder.corrupt:
        warnings.append(f"{info.name}: {decoder.corrupt} frames were decoded with errors; parts of them may look wrong")
    faults = []
    if decoder.faults:
        where = "" if decoder.first_fault is None else f", the first at {float(decoder.first_fault):.2f} s"
        faults.append(f"{decoder.faults} of {decoder.packets} packets could not be decoded{where}")
    faults += [f"no frames between {float(before):.2f} and {float(after):.2f} s" for before, after in holes]
    if decoder.cut_off:
        faults.append(decoder.cut_off)
    if missing:
        faults.append(f"parts of the playlist that could not be read: {len(missing)}, the first {missing[0]}")
    if not faults:
        return
    damage = f"{info.name}: damaged: {'; '.join(faults)}"
    if stopped:
        warnings.append(damage)
    else:
        raise VideoError(
            f"{damage}. Every frame that could be decoded was read; copy the file again if frames are missing"
        )


def _describe(container: InputContainer, stream: VideoStream, first: VideoFrame, name: str) -> VideoInfo:
    context = stream.codec_context
    rotation, _ = rotation_of(SideDataReader().read(first).matrix)
    time_base = stream.time_base or Fraction(1, 90000)
    stamp = _stamp(first, container.format.name)
    # Without timestamps the container's rate is FFmpeg's guess; only the codec may state a real one.
    rates = [context.framerate, ASSUMED_RATE] if stamp is None else _rates(stream)
    rate = next((rate for rate in rates if rate and 0 < rate <= _HIGHEST_RATE), None)
    codec = context.codec.canonical_name
    return VideoInfo(
        name=name,
        size=displayed((first.height, first.width), rotation),
        frame_rate=rate,
        time_base=time_base,
        sample_aspect_ratio=displayed_ratio(stream.sample_aspect_ratio, rotation),
        rotation=rotation,
        codec=codec,
        container=container.format.name,
        frame_count=_count(container, stream, rate),
        start_time=Fraction(0) if stamp is None else stamp * time_base,
        has_vectors=codec in _WITH_VECTORS,
        matrix=choose_matrix(first),
        full_range=is_full_range(first),
    )


def _rates(stream: VideoStream) -> list[Fraction]:
    return [rate for rate in (stream.average_rate, stream.guessed_rate) if rate]


def _count(container: InputContainer, stream: VideoStream, rate: Fraction | None) -> int | None:
    seconds = None
    if stream.duration and stream.time_base:
        seconds = stream.duration * stream.time_base
    elif container.duration:
        seconds = Fraction(container.duration, av.time_base)
    by_duration = round(seconds * rate) if seconds and rate else None
    # An unfinished AVI claims a round number of frames; if the two disagree widely, trust the duration.
    if stream.frames and (by_duration is None or by_duration / 2 <= stream.frames <= by_duration * 2):
        return stream.frames
    return by_duration


def _stamp(frame: VideoFrame, container: str) -> int | None:
    # AVI stores decoding order only. FFmpeg returns its dts in display order; the pts that it invents are wrong.
    return frame.dts if frame.pts is None or container == "avi" else frame.pts
