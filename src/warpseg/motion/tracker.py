"""Tracking: finds the motion from each picture to the one before it, and back, by one search seeded by all sources."""

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
from warpseg.motion.splat import check_consistency, splat
from warpseg.motion.subpixel import confidence_along, refine
from warpseg.types import MotionField, MotionSource

__all__ = ["Step", "Tracker"]

_ENOUGH = 0.25  # share of the picture that coded vectors must cover; below it, estimation adds seeds


@dataclass(frozen=True, eq=False)
class Step:
    """The motion between two pictures, coded orientation."""

    motion: MotionField  # from the later to the earlier
    reverse: Callable[[], MotionField]  # finds the motion from the earlier to the later
    source: MotionSource
    coded: CodedMotion | None  # from the later picture's vectors


class Tracker:
    """Tracker that follows a video picture by picture; its last motion predicts the next.

    With ``flow``, that function finds the motion. Otherwise a block search does, seeded by the codec's vectors where
    there are any.
    """

    def __init__(self, flow: Flow | None = None) -> None:
        self._flow = flow
        self._vectors: Vectors | None = None  # of the last step
        self._coded: CodedMotion | None = None

    def __call__(
        self, plane: Plane, previous: Plane, records: NDArray[np.void] | None, candidates: Mapping[int, Plane]
    ) -> Step:
        """Return the step between ``previous`` and ``plane``, which must have the same size.

        ``records`` are FFmpeg's motion vectors of the later picture; ``candidates`` maps distances in frames to the
        planes that the vectors may refer to.
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
        coded_before, self._coded, self._vectors = self._coded, coded, found

        def reverse() -> MotionField:
            # At constant velocity, the negated motion to the frame before leads to the next frame; a B-frame's vectors
            # to the future lead there directly.
            seeds = [splat(plane, found)]
            if coded_before is not None and coded_before.seeds.shape[2:] == plane.grid:
                seeds.append(-coded_before.seeds)
            backward, confidence = refine(previous, plane, search(previous, plane, np.concatenate(seeds)))
            check_consistency(backward, offsets, confidence)
            return _field(backward, confidence)

        return Step(_field(offsets, confidence), reverse, "codec" if trusted else "estimate", coded)

    @staticmethod
    def _by_flow(flow: Flow, plane: Plane, previous: Plane) -> Step:
        def between(a: Plane, b: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            offsets = to_cells(flow(a.luma, b.luma), a)
            return offsets, confidence_along(a, b, offsets)

        offsets, confidence = between(plane, previous)

        def reverse() -> MotionField:
            backward, confidence = between(previous, plane)
            check_consistency(backward, offsets, confidence)
            return _field(backward, confidence)

        return Step(_field(offsets, confidence), reverse, "flow", None)


def _field(offsets: NDArray[np.float32], confidence: NDArray[np.float32]) -> MotionField:
    return MotionField(torch.from_numpy(offsets), torch.from_numpy(confidence))
