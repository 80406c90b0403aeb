"""Audio: copies or transcodes a source's sound into the file that an overlay writes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import av
from av import AudioCodecContext, AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from warpseg.errors import VideoError
from warpseg.sinks.videofile import VideoFile
from warpseg.video.opening import Input, open_input
from warpseg.video.options import SourceOptions
from warpseg.video.timeline import Timeline
from warpseg.video.tracks import pick_audio, pick_video

__all__ = ["AudioTrack"]

_COPIED = ("aac", "mp3", "mp3float")  # codecs that players accept in an MP4; everything else becomes AAC
_SEEK_MARGIN = Fraction(1)  # seconds by which sound may lie behind the picture in the source file
_HIGHEST_RATE = 48000
_UNSTEADY = ("mpegts", "mpeg", "flv")  # containers whose clock may start anew: read from their beginning
# ADTS: sampling rates and channel layouts by their numbers.
_RATES = dict(enumerate((96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)))
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "7.1"}


class _Kind(NamedTuple):
    """Form of a decoded frame."""

    format: str
    layout: str
    rate: int
    time_base: Fraction


class AudioTrack:
    """One audio stream of a source, written into an MP4 in step with its pictures.

    Packets are read, and transcoded where needed, only up to the time of the picture, so that memory does not grow with
    the length of the video. A read error ends the sound with a warning; the video goes on.
    """

    def __init__(
        self,
        source: Input,
        stream: AudioStream,
        video: VideoStream,
        file: VideoFile,
        start: Fraction,
        warnings: list[str],
    ) -> None:
        """Add an audio stream to ``file``; ``start``, the time of the first picture of ``video``, becomes 0."""
        self._source = source
        self._video = video
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
        video = pick_video(opened.container, opened.name, options.video_stream, [])
        # There is no codec context if FFmpeg does not know the codec, and no rate if the header is damaged.
        if not getattr(stream.codec_context, "sample_rate", 0):
            opened.close()
            warnings.append(f"audio: the codec in {source} is unknown, the overlay is silent")
            return None
        return cls(opened, stream, video, file, start, warnings)

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
        """Yield the stream's packets, on the same time line as the picture's."""
        target = self._start - _SEEK_MARGIN
        if target > 0 and self._source.container.format.name not in _UNSTEADY:
            with suppress(av.FFmpegError):  # a source that is not seekable is read from its present position
                self._source.call(lambda: self._source.container.seek(int(target * av.time_base)))
        timeline = Timeline(self._video.index)
        packets = timeline.repaired(self._source.packets(self._video, self._stream))
        with suppress(IndexError):  # PyAV at the end of a damaged source in which FFmpeg has found more streams
            yield from (packet for packet in packets if packet.stream.index == self._stream.index)

    def _copied(self) -> Iterator[Packet[Any]]:
        codec = self._stream.codec_context
        length = Fraction(codec.frame_size or 1152, codec.sample_rate)
        packets = self._read()
        form: int | None = None
        for packet in packets:
            if packet.pts is None:
                packet.pts = packet.dts
            if packet.pts is None:
                continue
            previous, form = form, _adts_form(packet)
            if previous is not None and form != previous:
                yield from self._converted(chain([packet], packets), previous)
                return
            shift = round(self._start / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            # A decoder needs the packet before the one that plays at the start; the file's edit list hides it.
            if _begin(packet) > -2 * length:
                yield packet

    def _converted(self, packets: Iterator[Packet[Any]], form: int) -> Iterator[Packet[Any]]:
        """Yield the rest of a copied stream whose channels change, in the ADTS ``form`` of its beginning."""
        first = next(packets)
        time = f"{float(_begin(first)):.2f} s"
        rate, layout = _RATES.get(form >> 10), _LAYOUTS.get(form >> 6 & 7)
        if self._stream.codec_context.profile != "LC" or rate is None or layout is None:
            self._warnings.append(f"audio: its channels change at {time}, it ends there")
            return
        self._warnings.append(f"audio: its channels change at {time}, from there transcoded to {layout}, {rate} Hz")
        encoder = av.AudioCodecContext.create("aac", "w")
        encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
        encoder.time_base = Fraction(1, rate)
        wanted = _Kind("fltp", layout, rate, encoder.time_base)
        for packet in self._encoded(chain([first], packets), encoder, wanted):
            framed: Packet[Any] = Packet(_adts_header(form, packet.size) + bytes(packet))
            scale = encoder.time_base / first.time_base
            framed.pts = framed.dts = round((packet.pts or 0) * scale)
            framed.duration, framed.time_base = round((packet.duration or 0) * scale), first.time_base
            yield framed

    def _transcoded(self) -> Iterator[Packet[Any]]:
        yield from self._encoded(self._read(), self._target.codec_context, None)

    def _encoded(
        self, packets: Iterator[Packet[Any]], encoder: AudioCodecContext, wanted: _Kind | None
    ) -> Iterator[Packet[Any]]:
        """Decode packets and encode them; frames not of the ``wanted`` kind, or the first's, are resampled to it."""
        resampler: AudioResampler | None = None
        taken: _Kind | None = None  # by the resampler
        for packet in packets:
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue  # a damaged packet loses its own sound only
            for frame in frames:
                if not isinstance(frame, AudioFrame) or frame.pts is None or frame.time_base is None:
                    continue
                frame.pts -= round(self._start / frame.time_base)
                if frame.pts * frame.time_base + Fraction(frame.samples, frame.sample_rate) <= 0:
                    continue
                kind = _Kind(frame.format.name, frame.layout.name, frame.sample_rate, frame.time_base)
                wanted = wanted or kind
                if kind == wanted:
                    yield from encoder.encode(frame)
                    continue
                if resampler is None or kind != taken:
                    resampler, taken = AudioResampler(wanted.format, wanted.layout, wanted.rate), kind
                for converted in resampler.resample(frame):
                    if converted.pts is not None and converted.time_base is not None:
                        converted.pts = round(converted.pts * converted.time_base / wanted.time_base)
                        converted.time_base = wanted.time_base
                    yield from encoder.encode(converted)
        yield from encoder.encode(None)


def _adts_form(packet: Packet[Any]) -> int | None:
    """Return the bits of rate (4, from bit 10) and channels (3, from bit 6) of an AAC packet with a header, or None."""
    head = bytes(memoryview(packet)[:4])
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    return (head[2] & 0x3D) << 8 | head[3] & 0xC0


def _adts_header(form: int, size: int) -> bytes:
    """Return the header of an AAC-LC packet of ``size`` bytes."""
    size += 7
    low = (form & 0xC0 | size >> 11, size >> 3 & 0xFF, size << 5 & 0xE0 | 0x1F, 0xFC)
    return bytes((0xFF, 0xF1, 0x40 | form >> 8, *low))


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
