"""What every sink can do, and what they share about labels."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from warpseg.types import Classes, Frame

__all__ = ["Sink", "SizeKeeper", "check_labels", "ignore_value"]


class Sink(Protocol):
    """Writes one output, frame by frame, under a temporary name until it is whole.

    As a context manager a sink closes on a normal exit and discards on an exception. An output of the same name is
    replaced on ``close``; whether it may be is the caller's question.
    """

    warnings: list[str]  # what was substituted or left out, one line each, for the caller to show

    def write(
        self,
        frame: Frame,
        labels: NDArray[np.uint8 | np.uint16],
        *,
        is_key: bool,
        distance: int,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        """Write one frame.

        ``labels`` is (height, width) of the frame itself: class ids, 255 (uint8) or 65535 (uint16) where nothing is
        known. ``distance`` is counted in frames to the nearest keyframe. ``confidence`` is (h, w) in [0, 1] at the
        network's cells, None where nobody judged. Raises ``ValueError`` where labels do not fit the frame,
        ``OutputError`` where the file cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish the output and give it its final name; raise ``OutputError`` and leave nothing where that fails."""
        ...

    def discard(self) -> None:
        """Remove what was begun; never raises, and does nothing after ``close``."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def ignore_value(classes: Classes) -> int:
    """Return the label that means "nothing known": 255 where ids fit in uint8 beside it, else 65535."""
    return 255 if len(classes) <= 255 else 65535


def check_labels(frame: Frame, labels: NDArray[np.uint8 | np.uint16]) -> None:
    """Raise ``ValueError`` unless labels are uint8 or uint16 of the frame's size (kernels do not check bounds)."""
    if labels.shape != frame.size or labels.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"labels of frame {frame.index} are {labels.dtype} {labels.shape}; expected uint8 or uint16 {frame.size}"
        )


class SizeKeeper:
    """Holds a video file to the size of its first frame: what comes later is scaled to it, reported once."""

    def __init__(self, name: str, warnings: list[str], *, what: str = "the picture changes") -> None:
        self.size: tuple[int, int] | None = None  # (height, width), known from the first frame on
        self._name, self._what = name, what
        self._warnings = warnings
        self._warned = False

    def fit(self, frame: Frame, labels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
        """Return labels at the first frame's size, by nearest neighbour where they are of another."""
        check_labels(frame, labels)
        return self.scale(frame, labels)

    def scale(self, frame: Frame, values: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
        """Return what belongs to a frame, whatever its size, at that of the first, by nearest neighbour."""
        size = (values.shape[0], values.shape[1])
        if self.size is None:
            self.size = size
        if size == self.size:
            return values
        if not self._warned:
            self._warned = True
            self._warnings.append(
                f"{self._name}: {self._what} from {_text(self.size)} to {_text(size)} "
                f"at frame {frame.index}; later frames are scaled to {_text(self.size)}"
            )
        rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(self.size, size, strict=True))
        scaled: NDArray[np.uint8 | np.uint16] = values[rows[:, None], columns]
        return scaled


def _text(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
