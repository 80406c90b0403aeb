"""Motion between any two frames of a range: ``MotionRange`` and ``read_motion``."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from warpseg.core.geometry import follow, invert
from warpseg.engine.source import Source, open_video
from warpseg.types import Frame, MotionField

__all__ = ["MotionRange", "read_motion"]

_ASTRAY = 1.5  # cells by which the way there and back may miss its start and the point still counts as seen,
_ASTRAY_PER_FRAME = 0.1  # and how many more for each frame between
_UNLIKE = 0.2  # confidence below which the pictures themselves say that it is not the same thing


def read_motion(
    source: Source,
    *,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    motion: str = "auto",
) -> MotionRange:
    """Read the motion of a range of frames; arguments and errors are those of ``open_video``."""
    with open_video(source, start=start, end=end, max_frames=max_frames, motion=motion) as video:
        return MotionRange(video)


class MotionRange:
    """The motion of consecutive frames, both ways, from which that between any two of them is composed.

    Holds two fields a frame and nothing else of it: memory is in proportion to the range. ``frames`` are consumed.
    Raises ``ValueError`` for frames that are not consecutive, or none.
    """

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._back: list[MotionField] = []  # from each frame to the one before; that of the first leads out and is void
        self._on: list[MotionField] = []  # from the one before to each frame
        self._cuts: set[int] = set()
        self.first = 0  # frame numbers, both included
        for frame in frames:
            if not self._back:
                self.first = frame.index
            elif frame.index != self.first + len(self._back):
                raise ValueError(f"frame {frame.index} follows frame {self.last}: frames must be consecutive")
            self._back.append(frame.motion)
            self._on.append(frame.reverse if frame.reverse is not None else invert(frame.motion))
            if frame.cut:
                self._cuts.add(frame.index)
        if not self._back:
            raise ValueError("no frames: give at least one")

    @property
    def last(self) -> int:
        """Number of the last frame."""
        return self.first + len(self._back) - 1

    def __len__(self) -> int:
        return len(self._back)

    def between(self, i: int, j: int) -> tuple[MotionField, Tensor]:
        """Return where the content of frame ``i`` is in frame ``j``, and what of it cannot be seen there.

        What is at ``p`` in frame ``i`` is at ``p + offset`` in frame ``j``, which may come earlier or later. The mask
        (h, w) of the field's grid is true where the way there and back does not lead home, the way leaves the frame,
        the pictures do not agree on the way, or a scene cut lies between. Raises ``ValueError`` for frames outside of
        the range.
        """
        for name, index in (("i", i), ("j", j)):
            if not self.first <= index <= self.last:
                raise ValueError(f"{name} is {index}: the range holds frames {self.first} to {self.last}")
        grid = self._back[i - self.first].size
        there, back = self._chain(i, j), self._chain(j, i)
        motion = follow(there, grid)
        home = follow([*there, *back], grid)
        cells = torch.tensor([grid[1], grid[0]])[:, None, None]
        astray = torch.linalg.vector_norm(home.offsets * cells, dim=0)
        hidden = (astray > _ASTRAY + _ASTRAY_PER_FRAME * abs(i - j)) | (motion.confidence < _UNLIKE)
        if any(min(i, j) < cut <= max(i, j) for cut in self._cuts):
            hidden = torch.ones_like(hidden)
        return motion, hidden

    def _chain(self, i: int, j: int) -> list[MotionField]:
        a, b = i - self.first, j - self.first
        return self._back[b + 1 : a + 1][::-1] if a > b else self._on[a + 1 : b + 1]

    def __repr__(self) -> str:
        return f"MotionRange(frames {self.first} to {self.last})"
