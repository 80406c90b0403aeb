"""Timeline: means of values through time, of any length in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warpseg.view.sampling import Runs

__all__ = ["Timeline"]

Values = NDArray[np.float64]
_Point = tuple[int, Values]  # number of the first frame, sums


class Timeline:
    """Means of values over runs of frames, whose length grows so that there are at most ``most`` points."""

    def __init__(self, most: int = 400) -> None:
        self._points: Runs[_Point] = Runs(most, lambda a, b: (a[0], a[1] + b[1]))

    def add(self, index: int, values: Sequence[float] | Values) -> None:
        """Add the values of the next frame, equally many each time."""
        self._points.add((index, np.array(values, np.float64)))

    def __len__(self) -> int:
        return len(self._points)

    @property
    def mean(self) -> Values:
        """Means over all frames, (values)."""
        total: Values = np.sum([sums for _, sums in self._points.items], axis=0) / max(len(self), 1)
        return total

    def points(self) -> tuple[list[int], Values]:
        """Return the number of each point's first frame, and the points' means (points, values)."""
        starts, sums = [index for index, _ in self._points.items], [sums for _, sums in self._points.items]
        if not sums:
            return starts, np.zeros((0, 0))
        counts = np.full(len(sums), self._points.length)
        counts[-1] = len(self) - self._points.length * (len(sums) - 1)
        return starts, np.array(sums) / counts[:, None]
