"""Curves through time of any length in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Timeline"]

Values = NDArray[np.float64]


class Timeline:
    """Means of some values over runs of frames: as many frames a point as keep the points below ``most``."""

    def __init__(self, most: int = 400) -> None:
        self._most = most + most % 2
        self._wide = 1  # frames a point
        self._count = 0
        self._sums: list[Values] = []
        self._starts: list[int] = []

    def add(self, index: int, values: Sequence[float] | Values) -> None:
        """Take the values of one more frame; there are as many of them each time."""
        if self._count == self._most * self._wide:
            self._sums = [self._sums[k] + self._sums[k + 1] for k in range(0, self._most, 2)]
            self._starts = self._starts[::2]
            self._wide *= 2
        if self._count % self._wide == 0:
            self._starts.append(index)
            self._sums.append(np.zeros(len(values)))
        self._sums[-1] = self._sums[-1] + np.asarray(values, np.float64)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @property
    def mean(self) -> Values:
        """Of all frames, (values,)."""
        total: Values = np.sum(self._sums, axis=0) / max(self._count, 1)
        return total

    def points(self) -> tuple[list[int], Values]:
        """Return the number of the first frame of each point and its means, (points, values)."""
        counts = np.full(len(self._sums), self._wide)
        if self._sums:
            counts[-1] = self._count - self._wide * (len(self._sums) - 1)
        return list(self._starts), np.array(self._sums) / counts[:, None] if self._sums else np.zeros((0, 0))
