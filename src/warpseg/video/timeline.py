"""Time line: joins the parts of a source whose clock starts anew, as where a recorder restarts or files are joined.

A jump is seen in the video's decoding times, which never fall in a whole stream. From there on the times of all
streams are moved by the same amount, so that the picture goes on one frame later and the sound stays in step with it.
Every reading of the same packets gives the same times.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av import Packet

__all__ = ["Timeline"]

_FALL = Fraction(1, 2)  # seconds that decoding times fall at least where a clock starts anew
# A rise that is no pause: FFmpeg takes a fall of MPEG's 33-bit clock for its overflow and adds 26.5 hours.
_RISE = Fraction(12 * 3600)
_OVERFLOW = Fraction(2**33, 90000)
_NEAR = Fraction(2)  # seconds within which the earlier clock goes on after a single wrong time
_WAITING = 1000  # packets of other streams that wait for the video's jump


class Timeline:
    """Repairer of one reading of a source, from its beginning."""

    def __init__(self, video: int) -> None:
        """``video`` is the index of the stream that jumps are seen in."""
        self._video = video
        self._shifts = [Fraction(0)]  # seconds added to the times of each part
        self._parts: dict[int, int] = {}  # part that each stream is in
        self._last: dict[int, Fraction] = {}  # newest decoding time of each stream, as in the source
        self._step = Fraction(0)  # between the video's last two packets
        self.jumps: list[tuple[Fraction, Fraction]] = []  # times before and after each jump, as in the source

    def repaired(self, packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield all packets with continuous times."""
        held: list[Packet[Any]] = []  # of a new part, from before the video's first of it
        for packet in packets:
            if held and (packet.size == 0 or len(held) >= _WAITING or packet.stream.index == self._video):
                if packet.stream.index == self._video:
                    self._follow(packet)
                for each in held:
                    self._move(each)
                    yield each
                held = []
            elif packet.stream.index == self._video:
                self._follow(packet)
            elif (self._jumps(packet) and self._part(packet) == len(self._shifts) - 1) or held:
                held.append(packet)
                continue
            self._move(packet)
            yield packet
        yield from held

    def _part(self, packet: Packet[Any]) -> int:
        return self._parts.get(packet.stream.index, 0)

    def _jumps(self, packet: Packet[Any]) -> bool:
        last = self._last.get(packet.stream.index)
        if packet.dts is None or last is None:
            return False
        step = packet.dts * packet.time_base - last
        return step < -_FALL or step > _RISE

    def _follow(self, packet: Packet[Any]) -> None:
        """Begin a new part where the video jumps; return to the part before where only one time was wrong."""
        if packet.dts is None:
            return
        time, last = packet.dts * packet.time_base, self._last.get(self._video)
        if last is not None and self._jumps(packet):
            end = last + self._shifts[-1]
            if len(self._shifts) > 1 and 0 < time + self._shifts[-2] - end < _NEAR:
                self._shifts.append(self._shifts[-2])
            else:
                self._shifts.append(end + self._step - time)
            self.jumps.append((last, time - _OVERFLOW if time - last > _RISE else time))
        elif last is not None:
            self._step = time - last

    def _move(self, packet: Packet[Any]) -> None:
        """Move a packet to its place on the line."""
        if packet.dts is None and packet.pts is None:
            return
        index = packet.stream.index
        part = len(self._shifts) - 1 if index == self._video else self._part(packet)
        if index != self._video and self._jumps(packet):
            part = min(part + 1, len(self._shifts) - 1)
        self._parts[index] = part
        if packet.dts is not None:
            self._last[index] = packet.dts * packet.time_base
        shift = round(self._shifts[part] / packet.time_base)
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
