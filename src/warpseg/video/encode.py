"""Encoding: writes RGB frames to a video file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from math import lcm
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from warpseg.files import whole

__all__ = ["encode"]

# Encoder options that apply unless the caller overrides them.
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "medium", "bf": "3"},
    "libx265": {"x265-params": "log-level=error"},
}
_SAMPLE_RATE = 48_000


def encode(
    frames: Iterable[NDArray[np.uint8]],
    path: Path | str,
    *,
    codec: str = "libx264",
    rate: Fraction | int = 30,
    options: Mapping[str, str] | None = None,
    pixel_format: str = "yuv420p",
    times: Iterable[Fraction] | None = None,
    audio: bool = False,
    audio_codec: str = "aac",
) -> None:
    """Write RGB frames to a video file, which appears only when it is complete.

    The matrix is BT.709 from 720 lines and BT.601 below, in limited range, and the file is tagged accordingly.

    Args:
        frames: RGB frames (H, W, 3) uint8, all of one size.
        path: The file to write; its suffix chooses the container.
        codec: FFmpeg's name of the video encoder.
        rate: Frames per second.
        options: Encoder options, added to the defaults (x264 makes B-frames) or replacing them.
        pixel_format: FFmpeg's name of the coded pixel format.
        times: Increasing times in seconds, one per frame, for a variable frame rate. MP4 keeps them exactly, Matroska
            and WebM to the millisecond.
        audio: Whether to add a quiet tone as long as the video.
        audio_codec: FFmpeg's name of the audio encoder.

    Raises:
        ValueError: The pixel format cannot hold the size, frames differ in size, or there are none.
        OutputError: The file cannot be written.
    """
    with whole(Path(path)) as part, av.open(os.path.abspath(part), "w") as container:
        _write(container, iter(frames), codec, Fraction(rate), options, pixel_format, times, audio, audio_codec)


def _write(
    container: OutputContainer,
    frames: Iterator[NDArray[np.uint8]],
    codec: str,
    rate: Fraction,
    options: Mapping[str, str] | None,
    pixel_format: str,
    times: Iterable[Fraction] | None,
    audio: bool,
    audio_codec: str,
) -> None:
    first = next(frames, None)
    if first is None:
        raise ValueError("encode: no frames; give at least one")
    moments = None if times is None else [Fraction(time) for time in times]
    base = _time_base(rate, moments)
    settings = {**_DEFAULTS.get(codec, {}), **(options or {})}
    stream = container.add_stream(codec, rate=rate, options=settings)
    if not isinstance(stream, VideoStream):
        raise ValueError(f"encode: {codec!r} is not a video codec")
    _describe(stream, first, pixel_format, base)
    tone = _Tone(container, audio_codec) if audio else None
    reformatter = VideoReformatter()
    count = 0
    for count, pixels in enumerate(_chain(first, frames), 1):
        if pixels.shape != first.shape:
            raise ValueError(f"encode: frame {count - 1} is {pixels.shape}, the first was {first.shape}")
        if moments is not None and count > len(moments):
            raise ValueError(f"encode: times has {len(moments)} entries, but there are more frames")
        moment = (count - 1) / rate if moments is None else moments[count - 1]
        picture = _picture(pixels, reformatter, stream, pixel_format)
        picture.pts, picture.time_base = int(moment / base), base
        container.mux(stream.encode(picture))
        if tone is not None:
            tone.write(moment + 1 / rate)
    if moments is not None and len(moments) != count:
        raise ValueError(f"encode: times has {len(moments)} entries for {count} frames")
    container.mux(stream.encode(None))
    if tone is not None:
        tone.close()


def _chain(first: NDArray[np.uint8], rest: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    yield first
    yield from rest


def _time_base(rate: Fraction, moments: list[Fraction] | None) -> Fraction:
    """Return a unit, in seconds, of which every time is a whole multiple."""
    if moments is None:
        return 1 / rate
    if any(later <= earlier for earlier, later in pairwise(moments)):
        raise ValueError("encode: times must increase from frame to frame")
    unit = lcm(*(moment.denominator for moment in moments), rate.numerator)
    if unit > 10_000_000:
        raise ValueError(f"encode: times have no common unit of at least 0.1 microseconds (1/{unit} s)")
    return Fraction(1, unit)


def _matrix(height: int) -> tuple[Colorspace, ColorPrimaries, ColorTrc]:
    if height >= 720:
        return Colorspace.ITU709, ColorPrimaries.BT709, ColorTrc.BT709
    return Colorspace.ITU601, ColorPrimaries.SMPTE170M, ColorTrc.SMPTE170M


def _describe(stream: VideoStream, pixels: NDArray[np.uint8], pixel_format: str, base: Fraction) -> None:
    """Set the stream's size, pixel format, time base and colour tags."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"encode: frames must be (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}")
    height, width = pixels.shape[:2]
    for side, length, divides in (("height", height, "420" in pixel_format), ("width", width, "42" in pixel_format)):
        if divides and length % 2:
            raise ValueError(f"encode: {side} {length} is odd, which {pixel_format} cannot hold; crop or pad it")
    stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
    context = stream.codec_context
    context.time_base = base
    space, primaries, transfer = _matrix(height)
    if pixel_format.startswith("yuv"):
        context.colorspace, context.color_range = int(space), int(ColorRange.MPEG)
        context.color_primaries, context.color_trc = int(primaries), int(transfer)


def _picture(
    pixels: NDArray[np.uint8], reformatter: VideoReformatter, stream: VideoStream, pixel_format: str
) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    if not pixel_format.startswith("yuv"):
        return reformatter.reformat(frame, format=pixel_format, threads=1)
    space, primaries, transfer = _matrix(stream.height)
    return reformatter.reformat(
        frame,
        format=pixel_format,
        dst_colorspace=space,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        dst_color_primaries=primaries,
        dst_color_trc=transfer,
        threads=1,
    )


class _Tone:
    """A 440 Hz tone, written block by block along with the video."""

    def __init__(self, container: OutputContainer, codec: str) -> None:
        stream = container.add_stream(codec, rate=_SAMPLE_RATE)
        if not isinstance(stream, AudioStream):
            raise ValueError(f"encode: {codec!r} is not an audio codec")
        self.container, self.stream, self.written = container, stream, 0

    def write(self, until: Fraction) -> None:
        """Write samples up to a time in seconds."""
        end = int(until * _SAMPLE_RATE)
        samples = np.arange(self.written, end)
        if not len(samples):
            return
        wave = (0.1 * np.sin(2 * np.pi * 440 / _SAMPLE_RATE * samples)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _SAMPLE_RATE, self.written, Fraction(1, _SAMPLE_RATE)
        self.container.mux(self.stream.encode(frame))
        self.written = end

    def close(self) -> None:
        """Flush the encoder."""
        self.container.mux(self.stream.encode(None))
