"""Even samples: of a sequence whose length is known, and of one that may never end, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Runs", "Sample", "evenly"]

T = TypeVar("T")


def evenly(items: Sequence[T], count: int) -> list[T]:
    """Return ``count`` of the items, spread evenly, the first and the last included; all where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]


class Sample(Generic[T]):
    """Items spread evenly over a sequence, at most ``most``: when there are more, every ``factor``-th is kept.

    With ``drift``, the stride between items is not constant: one that is a multiple of a rhythm in the sequence (of
    keyframes, for example) would only ever meet the same beat.
    """

    def __init__(self, most: int, *, factor: int = 2, drift: bool = False) -> None:
        self.items: list[T] = []
        self._most, self._factor, self._drift = most, factor, drift
        self._stride = 1
        self._next = 0

    def wants(self, position: int) -> bool:
        """Tell whether the item at ``position`` of the sequence, or else the next one possible, is to be added."""
        return position >= self._next

    def add(self, position: int, item: T) -> None:
        """Add a wanted item."""
        self.items.append(item)
        if len(self.items) > self._most:
            self.items = self.items[:: self._factor]
            self._stride *= self._factor
        if self._drift:
            self._next = position + self._stride + (self._stride > 1 and len(self.items) % 3 == 0)
        else:
            self._next = (position // self._stride + 1) * self._stride


class Runs(Generic[T]):
    """Items of a sequence joined into at most ``most`` runs of equal length, which doubles when there are more."""

    def __init__(self, most: int, join: Callable[[T, T], T]) -> None:
        self.items: list[T] = []  # one per run
        self.length = 1  # of a run; the last may be shorter
        self._most, self._join = most + most % 2, join
        self._count = 0

    def add(self, item: T) -> None:
        """Take the next item of the sequence."""
        if self._count == self._most * self.length:
            self.items = [self._join(self.items[k], self.items[k + 1]) for k in range(0, self._most, 2)]
            self.length *= 2
        if self._count % self.length == 0:
            self.items.append(item)
        else:
            self.items[-1] = self._join(self.items[-1], item)
        self._count += 1

    def __len__(self) -> int:
        return self._count
