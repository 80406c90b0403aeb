"""Quality of motion: error of the previous frame, and of earlier frames, warped onto each frame."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from warpseg.core.geometry import follow, warp
from warpseg.types import Frame, MotionField

__all__ = ["DISTANCES", "Pair", "Quality", "Sums", "psnr"]

DISTANCES = (1, 2, 3, 5, 7, 10, 15)  # frames back; twice the last is the longest interval that is suggested
_SHORT_SIDE = 540  # pixels of reduced luma, for the previous frame
_SHORT_SIDE_BACK = 180  # and for earlier frames
_EVERY = 4  # every fourth frame is compared with earlier ones


@dataclass
class Sums:
    """Squared errors added up over pairs of frames."""

    pairs: int = 0
    warped: float = 0.0  # sum over pairs of the mean squared error in grey levels
    still: float = 0.0  # of zero motion
    nearest: float = 0.0  # of the same frames, warped from the previous frame: the error at distance 1

    def add(self, warped: float, still: float, nearest: float) -> None:
        """Count one pair."""
        self.pairs += 1
        self.warped += warped
        self.still += still
        self.nearest += nearest


@dataclass(frozen=True)
class Pair:
    """Mean squared error of one frame against the previous one, in grey levels."""

    warped: float
    still: float


def psnr(error: float) -> float:
    """Return the peak signal-to-noise ratio in dB of a mean squared error of 8-bit values; infinite for none."""
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf


class Quality:
    """Compares every frame with the previous one, and every fourth with earlier ones, in constant memory.

    Pairs with a scene cut or a change of size between them are left out: motion does not cross them.
    """

    def __init__(self) -> None:
        self.step = Sums()
        self.back = {distance: Sums() for distance in DISTANCES}
        self.size: tuple[int, int] | None = None  # (height, width) of the luma on which frames are compared
        self._before: Tensor | None = None
        self._past: deque[tuple[Tensor, MotionField, bool]] = deque(maxlen=DISTANCES[-1])  # small luma, motion, start
        self._count = 0

    def add(self, frame: Frame) -> Pair | None:
        """Compare a frame with earlier ones; return its error against the previous frame, None at a scene's first."""
        luma = _luma(frame)
        small = _reduced(luma, _SHORT_SIDE_BACK)
        before, self._before = self._before, luma
        begins = frame.cut or before is None or before.shape != luma.shape
        pair = None
        if before is not None and not begins:
            self.size = (luma.shape[0], luma.shape[1])
            pair = Pair(_error(warp(before, frame.motion), luma), _error(before, luma))
            self.step.add(pair.warped, pair.still, pair.warped)
            if self._count % _EVERY == _EVERY - 1:
                self._look_back(small, frame.motion)
        self._count += 1
        self._past.append((small, frame.motion, begins))
        return pair

    def _look_back(self, luma: Tensor, motion: MotionField) -> None:
        size = luma.shape[0], luma.shape[1]
        path = [motion]
        nearest = 0.0
        for distance, (then, onward, begins) in enumerate(reversed(self._past), 1):
            if distance in self.back:
                error = _error(warp(then, follow(path, size)), luma)
                nearest = nearest if distance > 1 else error
                self.back[distance].add(error, _error(then, luma), nearest)
            if begins:
                return
            path.append(onward)


def _luma(frame: Frame) -> Tensor:
    """Return luma (h, w) float32 as displayed, its short side reduced to at most 540 by a whole factor."""
    grey = Image.fromarray(frame.pixels).convert("L")
    factor = -(-min(grey.size) // _SHORT_SIDE)
    return torch.from_numpy(np.array(grey.reduce(factor) if factor > 1 else grey, np.float32))


def _reduced(luma: Tensor, short_side: int) -> Tensor:
    factor = -(-min(luma.shape) // short_side)
    height, width = luma.shape[0] // factor, luma.shape[1] // factor
    cells = luma.numpy()[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return torch.from_numpy(cells.mean((1, 3)))


def _error(one: Tensor, other: Tensor) -> float:
    # Not in torch, whose threads would wait for each other longer than this takes.
    difference = (one.numpy() - other.numpy()).ravel()
    mean = np.dot(difference, difference) / difference.size
    return float(mean)
