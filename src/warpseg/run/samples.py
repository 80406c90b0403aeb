"""Samples: frames and curves for a run's page, collected frame by frame in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from warpseg.core.geometry import resample
from warpseg.engine.segmentation import Segmentation
from warpseg.sinks.kernels import count
from warpseg.types import Classes, VideoInfo
from warpseg.view.images import reduce, shrink
from warpseg.view.sampling import Sample
from warpseg.view.timeline import Timeline

__all__ = ["Collected", "Moment", "Reference"]

_HELD = 48  # moments in memory; even, so that of one more the newest is kept when every second one goes
_CELLS = 64  # along the longer side of a motion field that is kept


# Labels to compare with: their name, and label ids (height, width), 255 where nothing is known.
Reference = tuple[str, NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame that is shown."""

    index: int
    time: float  # seconds on the source's clock
    distance: int  # frames to the nearest keyframe
    picture: str | None  # its type in the stream
    motion_source: str
    shares: NDArray[np.float64]  # of each class
    rgb: NDArray[np.uint8]  # (height, width, 3), at a page's size
    labels: NDArray[np.uint8 | np.uint16]  # (height, width)
    motion: NDArray[np.float32] | None  # (2, h, w): right and down, in pixels of the video, since the frame before
    confidence: NDArray[np.float32] | None  # (h, w) in [0, 1]
    reference: Reference | None = None  # at a page's size
    right: float | None = None  # share of the reference's pixels, at the frame's own size, that the labels have too


class Collected:
    """Moments spread evenly over a video of unknown length, and curves over all of its frames."""

    def __init__(self, info: VideoInfo, classes: Classes, caption: str = "") -> None:
        self.classes = classes
        self.caption = caption  # names the run where the page does not
        # A stride in step with the interval would show keyframes only.
        self._moments: Sample[Moment] = Sample(_HELD, drift=True)
        self.shares = Timeline()  # of each class, through time
        self.confidence = Timeline()  # mean, through time; of those frames that have one
        self.has_confidence = False  # whether an intermediate frame has a confidence; keyframes always have
        self._aspect = float(info.sample_aspect_ratio)

    @property
    def moments(self) -> list[Moment]:
        """The frames that are shown, in order."""
        return self._moments.items

    def add(self, result: Segmentation, labels: NDArray[Any], reference: Callable[[], Reference] | None = None) -> None:
        """Take one more frame with its ``labels`` (height, width).

        ``reference`` makes the labels to compare with; it is called for the sampled frames only.
        """
        counts = np.zeros(65536 if labels.dtype == np.uint16 else 256, np.int64)
        count(labels, counts)
        shares = counts[: len(self.classes)] / labels.size
        position = len(self.shares)
        self.shares.add(result.frame.index, shares)
        confidence = result.confidence
        if confidence is not None:
            self.has_confidence = self.has_confidence or not result.is_key
            self.confidence.add(result.frame.index, [float(confidence.mean())])
        if self._moments.wants(position):
            moment = self._moment(result, labels, shares, confidence, reference() if reference else None)
            self._moments.add(position, moment)

    def _moment(
        self,
        result: Segmentation,
        labels: NDArray[Any],
        shares: NDArray[np.float64],
        confidence: torch.Tensor | None,
        reference: Reference | None,
    ) -> Moment:
        frame = result.frame
        small, small_labels = reduce(frame.pixels, labels, self._aspect)
        held, right = None, None
        if reference is not None:
            known = reference[1] != 255
            held = reference[0], shrink(reference[1], self._aspect).astype(np.uint8)
            right = float((labels == reference[1])[known].mean()) if known.any() else None
        motion = None
        if frame.motion_source != "none":
            height, width = frame.size
            scale = min(_CELLS / max(frame.motion.size), 1.0)
            rows, columns = (max(round(side * scale), 1) for side in frame.motion.size)
            # The field leads back to the content's earlier place; the drawing shows where it went.
            field = -resample(frame.motion.offsets, (rows, columns)) * torch.tensor([width, height])[:, None, None]
            motion = field.float().cpu().numpy()
        return Moment(
            frame.index,
            float(frame.time),
            result.distance,
            frame.picture,
            frame.motion_source,
            shares,
            small,
            small_labels,
            motion,
            None if confidence is None else confidence.float().cpu().numpy(),
            held,
            right,
        )
