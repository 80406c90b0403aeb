"""Scaling: nearest-neighbour resizing of planes, and the one size that all frames of a video file have."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from warpseg.sinks.base import FrameResult, check_labels
from warpseg.types import Frame

__all__ = ["SizeKeeper", "nearest"]

_Plane = TypeVar("_Plane", bound=NDArray[Any])


def nearest(plane: _Plane, size: tuple[int, int]) -> _Plane:
    """Resize a plane (h, w) to ``size`` (height, width) by nearest neighbour."""
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, plane.shape, strict=True))
    resized: _Plane = plane[rows[:, None], columns]
    return resized


class SizeKeeper:
    """Size of a video file's first frame, to which later frames are scaled; the first change gives a warning."""

    def __init__(self, name: str, warnings: list[str], *, what: str = "the picture changes") -> None:
        self.size: tuple[int, int] | None = None  # (height, width), None before the first frame
        self._name, self._what = name, what
        self._warnings = warnings
        self._warned = False

    def fit(self, result: FrameResult) -> NDArray[np.uint8 | np.uint16]:
        """Return labels at the first frame's size; raises ``ValueError`` if they do not fit their own frame."""
        check_labels(result)
        return self.scale(result.frame, result.labels)

    def scale(self, frame: Frame, plane: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
        """Return a frame's plane (h, w) at the size of the first one, by nearest neighbour."""
        size = (plane.shape[0], plane.shape[1])
        if self.size is None:
            self.size = size
        if size == self.size:
            return plane
        if not self._warned:
            self._warned = True
            self._warnings.append(
                f"{self._name}: {self._what} from {_text(self.size)} to {_text(size)} "
                f"at frame {frame.index}; later frames are scaled to {_text(self.size)}"
            )
        return nearest(plane, self.size)


def _text(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
