"""Audio: copies or transcodes a source's sound into the file that an overlay writes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from warpseg.errors import VideoError
from warpseg.sinks.videofile import VideoFile
from warpseg.video.opening import Input, open_input
from warpseg.video.options import SourceOptions
from warpseg.video.tracks import pick_audio

__all__ = ["AudioTrack"]

_COPIED = ("aac", "mp3", "mp3float")  # codecs that players accept in an MP4; everything else becomes AAC
_SEEK_MARGIN = Fraction(1)  # seconds by which sound may lie behind the picture in the source file
_HIGHEST_RATE = 48000


class AudioTrack:
    """One audio stream of a source, written into an MP4 in step with its pictures.

    Packets are read, and transcoded where needed, only up to the time of the picture, so that memory does not grow with
    the length of the video. A read error ends the sound with a warning; the video goes on.
    """

    def __init__(
        self, source: Input, stream: AudioStream, file: VideoFile, start: Fraction, warnings: list[str]
    ) -> None:
        """Add an audio stream to ``file``; ``start``, the time of the first picture in seconds, becomes 0."""
        self._source = source
        self._stream = stream
        self._file = file
        self._start = start
        self._warnings = warnings
        codec = stream.codec_context
        if codec.name in _COPIED:
            self._target = file.container.add_stream_from_template(stream)
            packets = self._copied()
        else:
            warnings.append(f"audio: {codec.name} does not play in MP4 everywhere, transcoded to AAC")
            rate = codec.sample_rate if 8000 <= codec.sample_rate <= _HIGHEST_RATE else _HIGHEST_RATE
            self._target = file.container.add_stream("aac", rate=rate)
            self._target.codec_context.layout = "mono" if codec.layout.nb_channels == 1 else "stereo"
            packets = self._transcoded()
        self._packets = self._guarded(packets)
        self._next: Packet[Any] | None = None
        self._begun = False

    @classmethod
    def open(
        cls,
        source: str | Path,
        file: VideoFile,
        *,
        start: Fraction,
        warnings: list[str],
        options: SourceOptions | None = None,
    ) -> AudioTrack | None:
        """Open the source a second time; return None if it has no sound, or, with a warning, none that can be read."""
        if _is_pipe(source):
            warnings.append("audio: a pipe cannot be read a second time, the overlay is silent")
            return None
        if Path(source).is_dir():
            return None
        options = options or SourceOptions()
        try:
            opened = open_input(source, options)
        except VideoError as error:
            warnings.append(f"audio: cannot be opened a second time, the overlay is silent ({error})")
            return None
        stream = pick_audio(opened.container, opened.name, options.audio_stream, warnings)
        if stream is None:
            opened.close()
            return None
        # There is no codec context if FFmpeg does not know the codec, and no rate if the header is damaged.
        if not getattr(stream.codec_context, "sample_rate", 0):
            opened.close()
            warnings.append(f"audio: the codec in {source} is unknown, the overlay is silent")
            return None
        return cls(opened, stream, file, start, warnings)

    def advance(self, until: Fraction) -> None:
        """Write the packets that begin before ``until``, in seconds since the first picture."""
        if not self._begun:
            self._begun = True
            self._next = next(self._packets, None)
        while self._next is not None and _begin(self._next) < until:
            self._file.mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _guarded(self, packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
        last: int | None = None
        time = Fraction(0)
        try:
            for packet in packets:
                # Muxers reject packets that go back in time, which damaged sources contain.
                if packet.dts is None or (last is not None and packet.dts <= last):
                    continue
                last, time = packet.dts, _begin(packet)
                packet.stream = self._target
                yield packet
        except (OSError, ValueError, av.FFmpegError) as error:
            self._warnings.append(
                f"audio: cannot be read after {float(time + self._start):.2f} s ({error}), it ends there"
            )

    def _read(self) -> Iterator[Packet[Any]]:
        target = self._start - _SEEK_MARGIN
        if target > 0:
            with suppress(av.FFmpegError):  # a source that is not seekable is read from its present position
                self._source.call(lambda: self._source.container.seek(int(target * av.time_base)))
        yield from self._source.packets(self._stream)

    def _copied(self) -> Iterator[Packet[Any]]:
        codec = self._stream.codec_context
        length = Fraction(codec.frame_size or 1152, codec.sample_rate)
        for packet in self._read():
            if packet.pts is None:
                packet.pts = packet.dts
            if packet.pts is None:
                continue
            shift = round(self._start / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            # A decoder needs the packet before the one that plays at the start; the file's edit list hides it.
            if _begin(packet) > -2 * length:
                yield packet

    def _transcoded(self) -> Iterator[Packet[Any]]:
        encoder = self._target.codec_context
        for packet in self._read():
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue  # a damaged packet loses its own sound only
            for frame in frames:
                if not isinstance(frame, AudioFrame) or frame.pts is None or frame.time_base is None:
                    continue
                frame.pts -= round(self._start / frame.time_base)
                if frame.pts * frame.time_base + Fraction(frame.samples, frame.sample_rate) > 0:
                    yield from encoder.encode(frame)
        yield from encoder.encode(None)


def _begin(packet: Packet[Any]) -> Fraction:
    assert packet.pts is not None
    return packet.pts * packet.time_base


def _is_pipe(source: str | Path) -> bool:
    if str(source) == "-" or str(source).startswith("pipe:"):
        return True
    try:
        return stat.S_ISFIFO(Path(source).stat().st_mode)
    except (OSError, ValueError):
        return False
