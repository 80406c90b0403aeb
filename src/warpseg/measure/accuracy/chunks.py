"""Chunks: parts of a long clip that fit into memory, and a reader that holds one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from warpseg.types import Frame

__all__ = ["SPAN", "Chunk", "Reader", "chunks"]

SPAN = 120  # frames from the first to the last target of a chunk, at most


@dataclass(frozen=True)
class Chunk:
    """The frames ``first`` to ``last`` (both included): some targets and the frames around them."""

    first: int
    last: int
    targets: tuple[int, ...]
    new: int  # the first frame that no earlier chunk holds

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.last - self.first + 1


def chunks(targets: Sequence[int], margin: int, span: int = SPAN) -> list[Chunk]:
    """Divide ``targets`` (frame numbers, increasing) into as few chunks as ``span`` allows, without gaps in them.

    Where all frames are targets, neighbouring chunks overlap by ``2 margin`` frames, so that every target has all of
    its windows in its own chunk. Frames that no target needs are in none.
    """
    groups: list[list[int]] = []
    for target in targets:
        near = groups and target - groups[-1][-1] <= 2 * margin + 1 and target - groups[-1][0] < span
        if near:
            groups[-1].append(target)
        else:
            groups.append([target])
    found: list[Chunk] = []
    for group in groups:
        first, last = group[0] - margin, group[-1] + margin
        found.append(Chunk(first, last, tuple(group), max(first, found[-1].last + 1) if found else first))
    return found


class Reader:
    """Reads chunks of frames in order and holds one of them at a time.

    ``start`` yields frames from a number on, or from an earlier one. Chunks that lie more than ``gap`` frames ahead, or
    earlier, are read with a new start; without ``gap``, frames between chunks are read and dropped.
    """

    def __init__(self, start: Callable[[int], Iterator[Frame]], *, gap: int | None = None) -> None:
        self._start, self._gap = start, gap
        self._frames: Iterator[Frame] | None = None
        self._held: list[Frame] = []

    def read(self, first: int, count: int) -> list[Frame]:
        """Return the frames ``first`` to ``first + count - 1``, fewer where the source ends before."""
        at = self._held[-1].index + 1 if self._held else 0
        far = self._gap is not None and first > at + self._gap
        if self._frames is None or (self._held and first < self._held[0].index) or far:
            self._frames, self._held = self._start(first), []
        self._held = [frame for frame in self._held if frame.index >= first]
        while not self._held or self._held[-1].index < first + count - 1:
            frame = next(self._frames, None)
            if frame is None:
                break
            if frame.index >= first:
                self._held.append(frame)
        return self._held[:count]
