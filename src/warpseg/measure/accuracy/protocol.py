"""Protocol: accuracy at each distance from the keyframe, all on the same target frames (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.engine.segmentation import Segmentation
from warpseg.measure.accuracy.metrics import confusion
from warpseg.measure.accuracy.results import Scores
from warpseg.types import Classes, Frame

__all__ = ["Remembering", "Scheme", "Watch", "by_offset"]

Scheme = Callable[[Iterable[Frame]], Iterator[Estimate]]

# Called with offset from the keyframe, frame number and labels (height, width).
Watch = Callable[[int, int, NDArray[Any]], None]


class Remembering:
    """A network that computes the map of each frame once, for many runs over one decoded video.

    Frames are known by their number: make another for another video. Speed must not be measured with it.

    Args:
        network: computes the maps.
        maps: where maps are kept, by frame number; by default in memory, until ``forget``.
    """

    def __init__(self, network: SplitNetwork, maps: MutableMapping[int, Tensor] | None = None) -> None:
        self._network = network
        self._maps = {} if maps is None else maps
        self.task = network.task

    def features(self, frame: Frame) -> Tensor:
        """Return the map of a frame, computed when first asked for."""
        if frame.index not in self._maps:
            # Of a copy: the frame itself would keep its converted pixels as long as it is held.
            self._maps[frame.index] = self._network.features(replace(frame))
        return self._maps[frame.index]

    def forget(self, before: int) -> None:
        """Drop the maps of frames that come before number ``before``."""
        for index in [index for index in self._maps if index < before]:
            del self._maps[index]


def by_offset(
    frames: Sequence[Frame],
    truth: Mapping[int, NDArray[np.uint8]],
    scheme: Scheme,
    n: int,
    classes: Classes,
    *,
    margin: int | None = None,
    watch: Watch | None = None,
) -> Scores:
    """Score a scheme at each offset p = 0 .. n-1 from the previous keyframe.

    The keyframes are shifted n times, so that each target frame occurs at every offset. Targets are the labelled frames
    that lie in a whole window at each shift, that is with n - 1 frames on either side.

    Args:
        frames: frames with motion, in order.
        truth: label maps (height, width) by frame number, 255: void.
        scheme: runs once per shift: give it a ``Remembering`` network.
        n: the interval.
        classes: classes of the labels.
        margin: frames on either side of each target, where more than n - 1: with the margin of the largest, several
            intervals have the same targets.
        watch: called with each target's labels.

    Raises:
        ValueError: no labelled frame lies in whole windows, or a label is out of range.
    """
    sides = max(n - 1, margin or 0)
    inside = [i for i in range(sides, len(frames) - sides) if frames[i].index in truth]
    if not inside:
        raise ValueError(
            f"no labelled frame has {sides} frames on either side: {len(frames)} frames, {len(truth)} of them "
            f"labelled, are too few for interval {sides + 1}"
        )
    # Frames outside the windows of all targets need not be run.
    first = inside[0] - (n - 1)
    frames = frames[first : inside[-1] + n]
    targets = {i - first: frames[i - first].index for i in inside}  # position -> frame number
    rows = {i: row for row, i in enumerate(targets)}
    matrices = np.zeros((n, len(targets), len(classes), len(classes)), np.int64)
    for shift in range(n):
        for i, estimate in enumerate(scheme(frames[shift:]), shift):
            if i in targets:
                label = truth[targets[i]]
                predicted = Segmentation(estimate, classes).labels(label.shape)
                matrices[(i - shift) % n, rows[i]] = confusion(label, predicted, len(classes))
                if watch is not None:
                    watch((i - shift) % n, targets[i], predicted)
    return Scores(tuple(targets.values()), matrices)
