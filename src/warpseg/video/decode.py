"""From a container's packets to its frames: damage is skipped and counted, a late start decodes one group of pictures only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import TypeAlias

from av import FFmpegError, Packet, VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

__all__ = ["Decoder"]

VideoPacket: TypeAlias = "Packet[VideoStream]"

# Packets held while looking for the keyframe to start from; a longer group of pictures is decoded instead of held.
_MOST_HELD = 1000


class Decoder:
    """Decode one stream; ``faults`` and ``flagged`` count what was damaged on the way."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._stream = stream
        self._packets: Iterator[VideoPacket] = container.demux(stream)
        self._opening: list[VideoPacket] = []  # packets that were needed to show the first frame
        self._ready: list[VideoFrame] = []
        self.packets = 0  # that held data
        self.faults = 0  # packets that could not be decoded
        self.first_fault: Fraction | None = None  # where, in seconds of the source, if it is known
        self.cut_off = False  # the container could not be read to its end
        self.flagged = 0  # frames that were decoded with errors concealed

    def first(self) -> VideoFrame | None:
        """Decode as far as the first frame and return it, without taking it from ``frames``."""
        for packet in self._read():
            self._opening.append(packet)
            self._ready = self._decode(packet)
            if self._ready:
                return self._ready[0]
        return None

    def frames(self, start: int | None = None) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (frame number in the source, frame) in display order, from timestamp ``start`` where the source has timestamps."""
        if start is None:
            self._opening.clear()
            following = (frame for packet in self._read() for frame in self._decode(packet))
            yield from enumerate(chain(self._ready, following))
            return
        self._stream.codec_context.flush_buffers()
        self.packets = self.faults = self.flagged = 0
        yield from self._frames_from(start)

    def _frames_from(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        skipped, packets = self._skip(chain(self._opening, self._read()), start)
        stamps: list[int] = []  # of the packets that were decoded before the first wanted frame came out
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
                    # A frame's number is its rank by timestamp: with B-frames, packets do not come in display order.
                    before = decoded - 1 if frame.pts is None else sum(stamp < frame.pts for stamp in stamps)
                    index = skipped + before
                yield index, frame
                index += 1

    def _skip(self, packets: Iterable[VideoPacket], start: int) -> tuple[int, Iterator[VideoPacket]]:
        """Drop the groups of pictures before the one that shows ``start``; return how many frames those held, and the rest."""
        self._opening = []
        remaining = iter(packets)
        group: list[VideoPacket] = []
        skipped = 0
        for packet in remaining:
            if packet.is_keyframe and packet.pts is not None and packet.pts <= start:
                skipped += sum(_is_shown(held) for held in group)
                group.clear()
            group.append(packet)
            passed = packet.dts is not None and packet.dts > start  # keyframes that follow are shown later still
            if packet.pts is None or passed or len(group) >= _MOST_HELD:
                break
        return skipped, chain(group, remaining)

    def _read(self) -> Iterator[VideoPacket]:
        """Yield packets; the last one is empty and flushes the decoder."""
        try:
            for packet in self._packets:
                self.packets += packet.size > 0
                yield packet
        except FFmpegError:
            self.cut_off = True
            flush: VideoPacket = Packet()  # type: ignore[assignment]
            flush.stream = self._stream
            yield flush

    def _decode(self, packet: VideoPacket) -> list[VideoFrame]:
        try:
            frames = packet.decode()
        except FFmpegError:
            self.faults += 1
            if self.first_fault is None and packet.pts is not None and self._stream.time_base is not None:
                self.first_fault = packet.pts * self._stream.time_base
            return []
        self.flagged += sum(frame.is_corrupt for frame in frames)
        return frames


def _is_shown(packet: VideoPacket) -> bool:
    """Tell whether a packet yields a frame: edit lists discard some, and VP8 hides reference frames in packets of their own."""
    if packet.is_discard or packet.size == 0:
        return False
    return packet.stream.codec_context.codec.canonical_name != "vp8" or bool(memoryview(packet)[0] & 0x10)
