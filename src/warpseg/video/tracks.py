"""Tracks: chooses among the streams of a container."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from warpseg.errors import VideoError

__all__ = ["pick_audio", "pick_video", "shown"]

S = TypeVar("S", VideoStream, AudioStream)
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails  # of a cover or a menu


def shown(container: InputContainer) -> list[VideoStream]:
    """Return the video streams that are not covers or thumbnails."""
    return [stream for stream in container.streams.video if not stream.disposition & _PICTURES]


def pick_video(container: InputContainer, name: str, number: int | None, warnings: list[str]) -> VideoStream:
    """Return the video stream to read; a choice among several is noted in ``warnings``.

    Raises ``VideoError`` if there is none, or none that can be decoded.
    """
    streams = shown(container)
    if number is None and not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise VideoError(f"{name}: has no video stream (only {kinds}); give a file with video in it")
    if number is not None:
        streams = list(container.streams.video)
        if number >= len(streams):
            raise VideoError(f"{name}: has no video stream {number}, only 0 to {len(streams) - 1}; choose one of these")
        stream = streams[number]
    else:
        stream = _default([stream for stream in streams if _decodable(stream)] or streams)
    if not _decodable(stream):
        raise VideoError(
            f"{name}: FFmpeg has no decoder for its video ({_stated(container, stream)}); convert it to H.264 or HEVC"
        )
    if number is None and len(streams) > 1:
        index = list(container.streams.video).index(stream)
        warnings.append(
            f"{name}: has {len(streams)} video streams; number {index} "
            f"({stream.codec_context.width}x{stream.codec_context.height}) is read, --video-stream chooses another"
        )
    return stream


def pick_audio(container: InputContainer, name: str, number: int | None, warnings: list[str]) -> AudioStream | None:
    """Return the audio stream to take the sound from, None if there is none; choices are noted in ``warnings``."""
    streams = list(container.streams.audio)
    if not streams:
        return None
    if number is not None and number >= len(streams):
        warnings.append(f"audio: {name} has no audio stream {number}, only 0 to {len(streams) - 1}")
        return None
    if number is not None:
        return streams[number]
    stream = _default([stream for stream in streams if _decodable(stream)] or streams)
    if len(streams) > 1:
        warnings.append(
            f"audio: {name} has {len(streams)} audio streams; number {streams.index(stream)} is taken, "
            "--audio-stream chooses another"
        )
    return stream


def _default(streams: Sequence[S]) -> S:
    """Return the stream that is marked as default, else the first; one that depends on another only if all do."""
    alone = [stream for stream in streams if not stream.disposition & Disposition.dependent] or streams
    return next((stream for stream in alone if stream.disposition & Disposition.default), alone[0])


def _decodable(stream: VideoStream | AudioStream) -> bool:
    # There is no codec context where FFmpeg has no decoder.
    return getattr(stream, "codec_context", None) is not None


def _stated(container: InputContainer, stream: VideoStream) -> str:
    """Return FFmpeg's words about a stream that has no codec context, such as "none (dav1 / 0x31766164)"."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)  # without it, nothing is described
    try:
        described: str = container.dumps_format()  # type: ignore[attr-defined]  # left out of PyAV's stubs
    finally:
        av.logging.set_level(level)
    video = [line.partition("Video: ")[2] for line in described.splitlines() if f"Stream #0:{stream.index}" in line]
    return video[0].split(",")[0] if video else "unknown codec"
