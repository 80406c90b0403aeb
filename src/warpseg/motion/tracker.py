"""Motion from each picture to the one before it, and back: whatever the vectors come from, one search decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from warpseg.motion.codec import CodedMotion, blocks_of, coded_motion
from warpseg.motion.estimate import predictions
from warpseg.motion.flow import Flow, to_cells
from warpseg.motion.luma import Plane
from warpseg.motion.search import Vectors, search
from warpseg.motion.splat import round_trip, splat
from warpseg.motion.subpixel import certainty, refine
from warpseg.types import MotionField, MotionSource

__all__ = ["Step", "Tracker"]

_ENOUGH = 0.25  # share of the picture that coded vectors must cover; below it the search begins at lower resolution


@dataclass(frozen=True, eq=False)
class Step:
    """The motion between two pictures, coded orientation."""

    motion: MotionField  # from the later to the earlier
    reverse: Callable[[], MotionField]  # finds the motion from the earlier to the later
    source: MotionSource
    coded: CodedMotion | None  # what the later picture's vectors said


class Tracker:
    """Follows a video picture by picture; remembers the last motion, which predicts the next.

    With ``flow``, motion is what that says; else it is searched, beginning with the vectors of the codec where there
    are any.
    """

    def __init__(self, flow: Flow | None = None) -> None:
        self._flow = flow
        self._vectors: Vectors | None = None  # of the last step
        self._coded: CodedMotion | None = None

    def __call__(
        self, plane: Plane, previous: Plane, records: NDArray[np.void] | None, candidates: Mapping[int, Plane]
    ) -> Step:
        """Return the step between ``previous`` and ``plane``, which have one size.

        ``records`` are FFmpeg's motion vectors of the later picture, ``candidates`` the planes that they may refer to,
        by distance in frames.
        """
        if self._flow is not None:
            return self._by_flow(self._flow, plane, previous)
        coded = None
        if records is not None and len(records) and candidates:
            coded = coded_motion(plane, blocks_of(records), candidates)
        before = None
        if self._vectors is not None and self._vectors.error.shape == plane.grid:
            before = self._vectors.whole.astype(np.float32)
        seeds = [] if coded is None else [coded.seeds]
        trusted = coded is not None and coded.covered >= _ENOUGH
        if not trusted:
            seeds.append(predictions(plane, previous, before))
        if before is not None:
            seeds.append(before[None])
        found = search(plane, previous, np.concatenate(seeds))
        offsets, confidence = refine(plane, previous, found)
        behind, self._coded, self._vectors = self._coded, coded, found

        def reverse() -> MotionField:
            # At constant velocity, what led to the frame before leads on to the next when negated; a B-frame's vectors
            # to the future do so in their own right.
            seeds = [splat(plane, found)]
            if behind is not None and behind.seeds.shape[2:] == plane.grid:
                seeds.append(-behind.seeds)
            back, sure = refine(previous, plane, search(previous, plane, np.concatenate(seeds)))
            round_trip(back, offsets, sure)
            return _field(back, sure)

        return Step(_field(offsets, confidence), reverse, "codec" if trusted else "estimate", coded)

    @staticmethod
    def _by_flow(flow: Flow, plane: Plane, previous: Plane) -> Step:
        def between(a: Plane, b: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            offsets = to_cells(flow(a.luma, b.luma), a)
            return offsets, certainty(a, b, offsets)

        offsets, confidence = between(plane, previous)

        def reverse() -> MotionField:
            back, sure = between(previous, plane)
            round_trip(back, offsets, sure)
            return _field(back, sure)

        return Step(_field(offsets, confidence), reverse, "flow", None)


def _field(offsets: NDArray[np.float32], confidence: NDArray[np.float32]) -> MotionField:
    return MotionField(torch.from_numpy(offsets), torch.from_numpy(confidence))
