"""Sink: the interface of all kinds of output, and the result of a frame that they write."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from warpseg.types import Classes, Frame

__all__ = ["FrameResult", "Sink", "check_labels", "ignore_value"]


class FrameResult(NamedTuple):
    """One frame with its segmentation."""

    frame: Frame
    labels: NDArray[np.uint8 | np.uint16]  # (height, width) of the frame; 255 (uint8) or 65535 (uint16): unknown
    is_key: bool
    distance: int  # frames to the nearest keyframe
    confidence: NDArray[np.float32] | None = None  # (h, w) in [0, 1] at the network's cells, None if not available


class Sink(Protocol):
    """Writer of one output, frame by frame, under a temporary name until it is complete.

    As a context manager a sink closes on a normal exit and discards on an exception. ``close`` replaces an existing
    output of the same name; the caller decides beforehand whether that is allowed.
    """

    warnings: list[str]  # substitutions and omissions, one line each, for the caller to show

    def write(self, result: FrameResult) -> None:
        """Write one frame.

        Raises ``ValueError`` if labels do not fit the frame, ``OutputError`` if the file cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish the output and give it its final name; if that fails, raise ``OutputError`` and leave nothing."""
        ...

    def discard(self) -> None:
        """Remove the unfinished output; never raises, and does nothing after ``close``."""
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
    """Return the label that means "unknown": 255 if class ids and 255 fit in uint8, else 65535."""
    return 255 if len(classes) <= 255 else 65535


def check_labels(result: FrameResult) -> None:
    """Raise ``ValueError`` unless labels are uint8 or uint16 of the frame's size (kernels do not check bounds)."""
    frame, labels = result.frame, result.labels
    if labels.shape != frame.size or labels.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"labels of frame {frame.index} are {labels.dtype} {labels.shape}; expected uint8 or uint16 {frame.size}"
        )
