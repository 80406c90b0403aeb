"""Probing: reads a container's statements about its streams, beyond ``VideoInfo``, without decoding a frame."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from warpseg.errors import VideoError
from warpseg.video.open import Source
from warpseg.video.opening import open_input
from warpseg.video.options import SourceOptions
from warpseg.video.tracks import pick_video

__all__ = ["Sound", "StreamFacts", "read_facts"]


@dataclass(frozen=True)
class Sound:
    """One audio stream."""

    codec: str
    rate: int  # samples per second
    layout: str  # "mono", "stereo", "5.1" ...


@dataclass(frozen=True)
class StreamFacts:
    """Statements of a container, which need not be true; None for each one that it does not make."""

    format: str | None = None  # the container's long name
    profile: str | None = None
    pixel_format: str | None = None  # FFmpeg's name
    bits: int | None = None  # per luma sample
    bit_rate: int | None = None  # of the whole file, bits per second
    duration: Fraction | None = None  # seconds
    frames: int | None = None  # as counted by the container's writer
    has_timestamps: bool = True
    audio: tuple[Sound, ...] | None = ()  # None if unknown


def read_facts(source: Source, options: SourceOptions | None = None) -> StreamFacts:
    """Return the statements of a file's or URL's container about the stream that ``open_pictures`` reads.

    Sources that can be read only once (a pipe, a file object), folders of images and arrays make none.
    """
    if hasattr(source, "read") or str(source) in ("-", "pipe:", "pipe:0"):
        return StreamFacts(audio=None)
    if not isinstance(source, str | Path):
        return StreamFacts(has_timestamps=False)
    name = os.fspath(source)
    if "://" not in name and not os.path.isfile(name):
        return StreamFacts(has_timestamps=False)
    options = options or SourceOptions()
    try:
        with closing(open_input(name, options)) as opened:
            stream = pick_video(opened.container, opened.name, options.video_stream, [])
            return _facts(opened.container, stream)
    except VideoError:  # open_pictures reports the fault in full
        return StreamFacts(audio=None)


def _facts(container: InputContainer, stream: VideoStream) -> StreamFacts:
    context = stream.codec_context
    duration = None
    if stream.duration and stream.time_base:
        duration = stream.duration * stream.time_base
    elif container.duration:
        duration = Fraction(container.duration, av.time_base)
    return StreamFacts(
        format=container.format.long_name,
        profile=context.profile,
        pixel_format=context.pix_fmt,
        bits=context.format.components[0].bits if context.format else None,
        bit_rate=container.bit_rate or None,
        duration=duration,
        frames=stream.frames or None,
        has_timestamps=stream.start_time is not None,
        audio=tuple(
            Sound(sound.codec_context.name, sound.codec_context.sample_rate, sound.codec_context.layout.name)
            for sound in container.streams.audio
            if sound.codec_context is not None
        ),
    )
