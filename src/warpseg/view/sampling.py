"""Sampling: keeps an even sample of a sequence, of known length or endless, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Runs", "Sample", "evenly"]

T = TypeVar("T")


def evenly(items: Sequence[T], count: int) -> list[T]:
    """Return ``count`` evenly spaced items, the first and the last included; all of them if there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]


class Sample(Generic[T]):
    """Even sample of a sequence, at most ``most`` items: when there are more, every ``factor``-th is kept.

    With ``drift``, the stride between items varies: a constant one could be a multiple of a period in the sequence (of
    the keyframe interval, for example) and would then always meet the same phase.
    """

    def __init__(self, most: int, *, factor: int = 2, drift: bool = False) -> None:
        self.items: list[T] = []
        self._most, self._factor, self._drift = most, factor, drift
        self._stride = 1
        self._next = 0

    def wants(self, position: int) -> bool:
        """Return whether to add the item at ``position`` of the sequence (or else the next possible one)."""
        return position >= self._next

    def add(self, position: int, item: T) -> None:
        """Add an item that ``wants`` has accepted."""
        self.items.append(item)
        if len(self.items) > self._most:
            self.items = self.items[:: self._factor]
            self._stride *= self._factor
        if self._drift:
            self._next = position + self._stride + (self._stride > 1 and len(self.items) % 3 == 0)
        else:
            self._next = (position // self._stride + 1) * self._stride


class Runs(Generic[T]):
    """Sequence whose items are joined into at most ``most`` runs of equal length, which doubles when they run out."""

    def __init__(self, most: int, join: Callable[[T, T], T]) -> None:
        self.items: list[T] = []  # one per run
        self.length = 1  # of a run; the last may be shorter
        self._most, self._join = most + most % 2, join
        self._count = 0

    def add(self, item: T) -> None:
        """Add the next item of the sequence."""
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
