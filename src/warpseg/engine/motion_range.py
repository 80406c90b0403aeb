"""Motion between any two frames of a range: ``MotionRange`` and ``read_motion``."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from warpseg.core.geometry import follow, invert
from warpseg.engine.source import Source, open_video
from warpseg.types import Frame, MotionField

__all__ = ["MotionRange", "read_motion"]

_ASTRAY = 1.5  # cells by which the forward-backward path may miss its start while the point still counts as seen,
_ASTRAY_PER_FRAME = 0.1  # and how many more per frame of distance
_UNLIKE = 0.2  # confidence below which the pictures contradict the path


def read_motion(
    source: Source,
    *,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    motion: str = "auto",
) -> MotionRange:
    """Read the motion of a range of frames.

    Args:
        source: Any source of ``open_video``.
        start: First moment, in seconds from the source's first frame; None for the beginning.
        end: Last moment, in seconds from the source's first frame; None for the end.
        max_frames: Upper bound of the number of frames; None for all. Memory grows with them: two fields per frame.
        motion: Origin of the motion, as in ``open_video``.

    Returns:
        The motion between any two frames of the range.

    Raises:
        ValueError: ``motion`` is not known, or the range holds no frame.
        VideoError: The source cannot be opened, or is damaged.
        MotionUnavailable: The chosen motion source is missing.

    Examples:
        >>> import warpseg
        >>> motion = warpseg.read_motion("drive.mp4", max_frames=6)
        >>> motion
        MotionRange(frames 0 to 5)
        >>> field, hidden = motion.between(0, 5)
        >>> field.size, tuple(hidden.shape)
        ((30, 40), (30, 40))
    """
    with open_video(source, start=start, end=end, max_frames=max_frames, motion=motion) as video:
        return MotionRange(video)


class MotionRange:
    """The motion of consecutive frames in both directions, from which that between any two of them is composed.

    Two fields per frame are kept, nothing else, so memory grows in proportion to the range.

    Args:
        frames: Consecutive frames; they are consumed.

    Attributes:
        first: Number of the first frame.

    Raises:
        ValueError: There are no frames, or they are not consecutive.

    Examples:
        >>> import warpseg
        >>> with warpseg.open_video("drive.mp4", max_frames=6) as video:
        ...     motion = warpseg.MotionRange(video)
        >>> motion.first, motion.last, len(motion)
        (0, 5, 6)
    """

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._back: list[MotionField] = []  # from each frame to the one before; that of the first leads out and is void
        self._on: list[MotionField] = []  # from the one before to each frame
        self._cuts: set[int] = set()
        self.first = 0
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
        """Return the motion from frame ``i`` to frame ``j`` and the mask of its hidden cells.

        What is at ``p`` in frame ``i`` is at ``p + offset`` in frame ``j``, which may come earlier or later. A cell is
        hidden where forward-backward consistency fails (Sundaram, Brox and Keutzer, 2010), the path leaves the frame,
        the pictures disagree along it, or a scene cut lies between.

        Args:
            i: Number of the frame whose content is followed.
            j: Number of the frame in which it is found.

        Returns:
            The field of frame ``i``, and a bool tensor (h, w) on its grid, true where the content is hidden in ``j``.

        Raises:
            ValueError: A frame lies outside of the range.
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
