"""Decoding: turns a container's packets into frames.

Damaged packets are skipped and counted. A late start decodes only the group of pictures that contains it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Any, TypeAlias

from av import FFmpegError, Packet, VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from warpseg.video.completeness import Extent
from warpseg.video.timeline import Timeline

__all__ = ["Decoder"]

VideoPacket: TypeAlias = "Packet[VideoStream]"

# Packets buffered while looking for the keyframe to start from; a longer group of pictures is decoded from its begin.
_MAX_BUFFERED = 1000


class Decoder:
    """Decoder of one stream; counts the damage that it meets."""

    def __init__(self, container: InputContainer, stream: VideoStream, packets: Iterator[Packet[Any]]) -> None:
        """``packets`` are those of all streams."""
        self._stream = stream
        self.timeline = Timeline(stream.index)
        self._packets = self.timeline.repaired(packets)
        self._extent = Extent(container, stream)
        # AVI has decoding times only: if a codec reorders frames, the k-th frame shown is due at the k-th of them.
        context = stream.codec_context
        is_reordered = context.codec.canonical_name in ("h264", "hevc") and context.has_b_frames
        self._due: deque[int] | None = deque() if container.format.name == "avi" and is_reordered else None
        self._opening: list[VideoPacket] = []  # packets that were needed to show the first frame
        self._ready: list[VideoFrame] = []
        self._ended = False  # whether all packets have been read
        self.packets = 0  # packets with data
        self.faults = 0  # packets that could not be decoded
        self.first_fault: Fraction | None = None  # seconds on the source's clock, None if unknown
        self.cut_off = ""  # why the source could not be read to its end
        self.corrupt = 0  # frames that were decoded with concealed errors
        self.without_frame = 0  # packets that gave neither a frame nor an error

    def first(self) -> VideoFrame | None:
        """Decode as far as the first frame and return it; ``frames`` still yields it."""
        for packet in self._read():
            self._opening.append(packet)
            self._ready = self._decode(packet)
            if self._ready:
                return self._ready[0]
        return None

    def frames(self, start: int | None = None) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (frame number in the source, frame) in display order.

        Frames before the timestamp ``start`` may be left out.
        """
        # Frames that get their times by counting are counted from the first.
        is_whole = start is None or self._due is not None
        for index, frame in self._all_frames() if is_whole else self._frames_from(start or 0):
            self.corrupt += frame.is_corrupt
            yield index, frame

    def _all_frames(self) -> Iterator[tuple[int, VideoFrame]]:
        self._opening.clear()
        following = (frame for packet in self._read() for frame in self._decode(packet))
        return enumerate(chain(self._ready, following))

    def _frames_from(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        # The decoder has consumed the opening to show the first frame; flushed, it can start anywhere.
        self._stream.codec_context.flush_buffers()
        self.packets = self.faults = self.without_frame = 0
        skipped, packets = self._skip(chain(self._opening, self._read()), start)
        stamps: list[int] = []  # of the packets decoded before the first wanted frame came out
        index: int | None = None
        decoded = 0
        for packet in packets:
            if index is None and packet.pts is not None and _is_shown(packet):
                stamps.append(packet.pts)
            for frame in self._decode(packet):
                decoded += 1
                if index is None:
                    if frame.pts is not None and frame.pts < start:
                        continue
                    # A frame's number is its rank by timestamp: with B-frames, packets are not in display order.
                    before = decoded - 1 if frame.pts is None else sum(stamp < frame.pts for stamp in stamps)
                    index = skipped + before
                yield index, frame
                index += 1

    def _skip(self, packets: Iterable[VideoPacket], start: int) -> tuple[int, Iterator[VideoPacket]]:
        """Drop the groups of pictures before the one that shows ``start``.

        Returns the number of frames in the dropped groups and the remaining packets.
        """
        self._opening = []
        remaining = iter(packets)
        group: list[VideoPacket] = []
        skipped = 0
        for packet in remaining:
            if packet.is_keyframe and packet.pts is not None and packet.pts <= start:
                skipped += sum(_is_shown(buffered) for buffered in group)
                group.clear()
            group.append(packet)
            passed = packet.dts is not None and packet.dts > start  # later keyframes are shown even later
            if packet.pts is None or passed or len(group) >= _MAX_BUFFERED:
                break
        return skipped, chain(group, remaining)

    def _read(self) -> Iterator[VideoPacket]:
        """Yield the stream's packets; the last one is empty and flushes the decoder."""
        if self._ended:
            return
        try:
            for packet in self._packets:
                if packet.size:
                    self._extent.add(packet)
                if packet.stream.index == self._stream.index and packet.size:
                    self.packets += 1
                    yield packet
        except IndexError:
            pass  # PyAV at the end of a damaged source in which FFmpeg has found more streams than at its beginning
        except (FFmpegError, OSError) as error:
            self.cut_off = f"reading it failed ({getattr(error, 'strerror', None) or error})"
        self._ended = True
        self.cut_off = self.cut_off or self._extent.shortfall(joined=bool(self.timeline.jumps))
        flush: VideoPacket = Packet()  # type: ignore[assignment]
        flush.stream = self._stream
        yield flush

    def _decode(self, packet: VideoPacket) -> list[VideoFrame]:
        self.without_frame += _is_shown(packet)
        if self._due is not None and packet.size and packet.dts is not None:
            self._due.append(packet.dts)
        try:
            frames = packet.decode()
        except FFmpegError:
            if self._due:
                self._due.pop()
            self.faults += 1
            self.without_frame -= 1
            if self.first_fault is None and packet.pts is not None and self._stream.time_base is not None:
                self.first_fault = packet.pts * self._stream.time_base
            return []
        self.without_frame -= len(frames)
        for frame in frames:
            if self._due:
                frame.pts = frame.dts = self._due.popleft()
        return frames


def _is_shown(packet: VideoPacket) -> bool:
    """Return whether a packet yields a frame: edit lists discard some, and VP8 has hidden reference frames."""
    if packet.is_discard or packet.size == 0:
        return False
    return packet.stream.codec_context.codec.canonical_name != "vp8" or bool(memoryview(packet)[0] & 0x10)
