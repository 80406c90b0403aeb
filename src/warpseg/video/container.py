"""Containers: opens coded video (a file, a URL, a pipe or a binary file object) with PyAV and reads its pictures.

PyAV keeps FFmpeg's log silent unless the program enables it (``av.logging.set_level``), so nothing is set here: this
package's own errors and warnings report the damage that matters.
"""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import av
from av import FFmpegError, VideoFrame
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from warpseg.errors import VideoError
from warpseg.types import Picture, PictureType, VideoInfo
from warpseg.video.colour import Converter, choose_matrix, displayed, displayed_ratio, is_full_range, rotation_of
from warpseg.video.decode import Decoder
from warpseg.video.reader import ASSUMED_RATE, Clock, PictureReader, Span
from warpseg.video.side_data import SideDataReader

__all__ = ["open_container"]

# Codecs whose decoders export motion vectors: H.264 and FFmpeg's MPEG family.
_WITH_VECTORS = frozenset(
    {"h264", "mpeg1video", "mpeg2video", "mpeg4"}
    | {"h263", "flv1", "msmpeg4v2", "msmpeg4v3", "rv10", "rv20", "wmv1", "wmv2"}
)
# AVPictureType: S (sprite) predicts like P, SI and SP are switching pictures, BI is an intra picture in a B's place.
_TYPES: dict[int, PictureType] = {1: "I", 2: "P", 3: "B", 4: "P", 5: "I", 6: "P", 7: "B"}
_HIGHEST_RATE = 1000  # frames a second; anything above is the tick of a clock, not a frame rate


def open_container(source: str | BinaryIO, span: Span) -> PictureReader:
    """Open a coded video and decode as far as its first frame.

    Raises ``VideoError`` if it is missing, is not a video, has no video stream, or none of its frames can be decoded.
    """
    name = _name_of(source)
    container = _open(source, name)
    try:
        return _read(container, name, span, piped=_is_pipe(source))
    except BaseException:
        container.close()
        raise


def _read(container: InputContainer, name: str, span: Span, *, piped: bool) -> PictureReader:
    stream = _pick_stream(container, name)
    # With frame threads, FFmpeg exports an H.264 B-frame's vectors before it is fully decoded: they vary between runs.
    reorders = stream.codec_context.codec.canonical_name == "h264" and stream.codec_context.has_b_frames
    stream.thread_type = "SLICE" if reorders else "AUTO"
    stream.codec_context.options = {"flags2": "+export_mvs"}
    decoder = Decoder(container, stream)
    first = decoder.first()
    if first is None:
        if piped and "mp4" in container.format.name:
            raise VideoError(
                f"{name}: an MP4 with its index at the end cannot be read from a pipe; give the file itself, "
                "or pipe a copy made with ffmpeg -c copy -movflags +faststart"
            )
        raise VideoError(
            f"{name}: no frame of the {stream.codec_context.name} stream could be decoded; it is damaged or encrypted"
        )
    warnings: list[str] = []
    info = _describe(container, stream, first, name)

    def pictures() -> Generator[Picture, None, None]:
        start = None if span.start is None else math.ceil((info.start_time + span.start) / info.time_base)
        clock = Clock(name, info.frame_rate or ASSUMED_RATE, info.start_time, warnings)
        stopped = yield from span.select(_pictures(decoder, start, info, clock), info)
        _conclude(decoder, info, span, stopped, warnings)

    return PictureReader(info, pictures(), warnings, container.close)


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


def _conclude(decoder: Decoder, info: VideoInfo, span: Span, stopped: bool, warnings: list[str]) -> None:
    """Report damage: raise ``VideoError`` if the source was read to its end, else append a warning."""
    if not stopped and span.start is None and decoder.without_frame > 0:
        warnings.append(f"{info.name}: {decoder.without_frame} of {decoder.packets} packets gave no frame")
    if decoder.corrupt:
        warnings.append(f"{info.name}: {decoder.corrupt} frames were decoded with errors; parts of them may look wrong")
    faults = []
    if decoder.faults:
        where = "" if decoder.first_fault is None else f", the first at {float(decoder.first_fault):.2f} s"
        faults.append(f"{decoder.faults} of {decoder.packets} packets could not be decoded{where}")
    if decoder.cut_off:
        faults.append(decoder.cut_off)
    if not faults:
        return
    damage = f"{info.name}: damaged: {'; '.join(faults)}"
    if stopped:
        warnings.append(damage)
    else:
        raise VideoError(
            f"{damage}. Every frame that could be decoded was read; copy the file again if frames are missing"
        )


def _open(source: str | BinaryIO, name: str) -> InputContainer:
    # FFmpeg would take "12:30.mp4" for a protocol; it never does so with an absolute path.
    target = os.path.abspath(source) if isinstance(source, str) and os.path.exists(source) else source
    try:
        return av.open(target, "r", metadata_errors="replace")
    except FileNotFoundError as error:
        raise VideoError(f"{name}: no such file; check the path ({source})") from error
    except av.InvalidDataError as error:
        if isinstance(target, str) and os.path.isfile(target) and os.path.getsize(target) == 0:
            raise VideoError(f"{name}: the file is empty; copy it again") from error
        raise VideoError(
            f"{name}: not a video, or one whose header is missing (an incomplete download?); check what the file is"
        ) from error
    except FFmpegError as error:
        raise VideoError(f"{name}: cannot be opened: {error.strerror}") from error


def _is_pipe(source: str | BinaryIO) -> bool:
    return source == "pipe:0" if isinstance(source, str) else hasattr(source, "seekable") and not source.seekable()


def _pick_stream(container: InputContainer, name: str) -> VideoStream:
    if container.format.name == "tty":  # FFmpeg renders any text file as an ANSI terminal
        raise VideoError(f"{name}: is text, not a video; give a video file")
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise VideoError(f"{name}: has no video stream (only {kinds}); give a file with video in it")


def _describe(container: InputContainer, stream: VideoStream, first: VideoFrame, name: str) -> VideoInfo:
    context = stream.codec_context
    rotation, _ = rotation_of(SideDataReader().read(first).matrix)
    time_base = stream.time_base or Fraction(1, 90000)
    stamp = _stamp(first, container.format.name)
    # Without timestamps the container's rate is FFmpeg's guess; only the codec may state a real one.
    rates = [context.framerate, ASSUMED_RATE] if stamp is None else [stream.average_rate, stream.guessed_rate]
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


def _name_of(source: str | BinaryIO) -> str:
    if not isinstance(source, str):
        name = getattr(source, "name", None)
        return Path(name).name if isinstance(name, str) else "file object"
    if source == "pipe:0":
        return "standard input"
    return Path(urlsplit(source).path if "://" in source else source).name or source
