"""Recordings: numbered pictures with a tone in any container, beginning at any time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from tests.support.numbered import LENGTH, SIZE, picture

__all__ = ["CODECS", "record"]

RATE = 25
SAMPLES = 48000
# Containers by their suffix: an encoder of the picture and one of the sound, None where it holds no sound.
CODECS: Mapping[str, tuple[str, str | None]] = {
    "mkv": ("libx264", "aac"),
    "webm": ("libvpx", "libopus"),
    "avi": ("mpeg4", "mp2"),
    "flv": ("libx264", "aac"),
    "wmv": ("wmv2", "mp2"),
    "ts": ("libx264", "aac"),
    "mpg": ("mpeg2video", "mp2"),
    "mp4": ("libx264", "aac"),
    "mov": ("libx264", "aac"),
    "nut": ("libx264", "aac"),
    "ogv": ("libvpx", "libopus"),
    "mxf": ("mpeg2video", None),
    "ivf": ("libvpx", None),
    "gif": ("gif", None),
}


def record(
    path: Path,
    *,
    frames: int = 50,
    sound: bool = False,
    start: float = 0,
    layout: str = "stereo",
    codec: str | None = None,
    sound_codec: str | None = None,
    times: list[Fraction] | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write pictures at 25 a second, or at ``times``, each a flat tone of its number, with a loud tone as sound."""
    usual, usual_sound = CODECS[path.suffix[1:]]
    with av.open(str(path), "w", container_options=dict(options or {})) as container:
        video = cast(VideoStream, container.add_stream(codec or usual, rate=RATE, options={"g": "10"}))
        video.width, video.height = SIZE[1], SIZE[0]
        video.pix_fmt = "rgb8" if usual == "gif" else "yuv420p"
        packets: list[av.Packet[Any]] = []
        base = Fraction(1, 1000) if times else Fraction(1, RATE)
        if times:
            video.codec_context.time_base = base
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index % LENGTH), format="rgb24").reformat(format=video.pix_fmt)
            time = times[index] if times else Fraction(index, RATE)
            frame.pts, frame.time_base = round((time + Fraction(start)) / base), base
            packets += video.encode(frame)
        if sound:
            audio = cast(AudioStream, container.add_stream(sound_codec or usual_sound or "", rate=SAMPLES))
            audio.codec_context.layout = layout
            packets += video.encode(None)
            packets += _tone(audio, frames * SAMPLES // RATE, round(start * SAMPLES), layout)
        else:
            packets += video.encode(None)
        packets = [packet for packet in packets if packet.dts is not None]
        for packet in sorted(packets, key=lambda each: (each.dts or 0) * each.time_base):
            container.mux(packet)
    return path


def _tone(audio: AudioStream, length: int, start: int, layout: str) -> list[av.Packet[Any]]:
    packets: list[av.Packet[Any]] = []
    wave = (0.3 * np.sin(2 * np.pi * 440 / SAMPLES * np.arange(length))).astype(np.float32)
    channels = av.AudioLayout(layout).nb_channels
    for at in range(0, length, 960):
        samples = np.ascontiguousarray(np.repeat(wave[None, at : at + 960], channels, 0))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = SAMPLES, Fraction(1, SAMPLES), at + start
        packets += audio.encode(frame)
    return packets + list(audio.encode(None))
