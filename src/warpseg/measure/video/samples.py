"""Samples for the figure of a video, gathered frame by frame in constant memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from warpseg.core.geometry import resample
from warpseg.measure.video.quality import Pair
from warpseg.types import Frame
from warpseg.view.sampling import Runs, Sample, evenly

__all__ = ["Collector", "Example", "Point"]

_EXAMPLES = 6  # frames that are drawn
_HELD = 18  # frames from which those are chosen
_LONGER_SIDE = 640  # pixels that a frame is drawn at, at most
_POINTS = 2000  # of the curves over time


@dataclass(frozen=True, eq=False)
class Example:
    """One frame to be drawn."""

    index: int
    picture: str | None
    source: str  # of its motion
    luma: NDArray[np.uint8]  # (h, w), reduced to a longer side of at most 640
    motion: NDArray[np.float32]  # (2, h, w): right and down, in pixels of the video, since the previous frame
    error: Pair


@dataclass(frozen=True)
class Point:
    """Errors added up over some frames that follow each other."""

    index: int  # of the first
    warped: float = 0.0
    still: float = 0.0
    pairs: int = 0
    intra: bool = False  # an I-frame is among them

    def and_then(self, later: Point) -> Point:
        """Join this point with the one after it."""
        warped, still = self.warped + later.warped, self.still + later.still
        return Point(self.index, warped, still, self.pairs + later.pairs, self.intra or later.intra)


class Collector:
    """Keeps some frames and the errors of all; ``inspect`` calls it with each of them."""

    def __init__(self) -> None:
        self._points: Runs[Point] = Runs(_POINTS, Point.and_then)
        # A factor of 2 would keep step with the rhythm of picture types.
        self._examples: Sample[Example] = Sample(_HELD, factor=3)

    def __call__(self, frame: Frame, pair: Pair | None) -> None:
        """Add a frame and its error, None at a scene's first."""
        intra = frame.picture == "I"
        errors = Point(frame.index, intra=intra) if pair is None else Point(frame.index, *_of(pair), 1, intra)
        position = len(self._points)
        self._points.add(errors)
        # A frame without motion to show (the first of a scene) leaves its place to the next one.
        if pair is not None and self._examples.wants(position):
            self._examples.add(position, _example(frame, pair))

    @property
    def points(self) -> list[Point]:
        """The errors over time, in order."""
        return self._points.items

    @property
    def examples(self) -> list[Example]:
        """Up to six frames, spread evenly."""
        return evenly(self._examples.items, _EXAMPLES)


def _of(pair: Pair) -> tuple[float, float]:
    return pair.warped, pair.still


def _example(frame: Frame, pair: Pair) -> Example:
    height, width = frame.size
    small = Image.fromarray(frame.pixels).convert("L")
    small.thumbnail((_LONGER_SIDE, _LONGER_SIDE), Image.Resampling.BOX)
    offsets = resample(frame.motion.offsets, (small.height, small.width))
    # The field leads back to where content came from.
    motion = -offsets * torch.tensor([width, height])[:, None, None]
    return Example(frame.index, frame.picture, frame.motion_source, np.array(small), motion.numpy(), pair)
