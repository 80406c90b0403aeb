"""Segmentation: the result of one frame; labels and probabilities are computed on demand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from warpseg.core.schemes import Estimate
from warpseg.engine.timing import Stages
from warpseg.labels import labels
from warpseg.types import Classes, Frame

__all__ = ["Segmentation"]


class Segmentation:
    """The result of one frame: class scores per cell of the network, labels and probabilities on demand at any size.

    Made by ``Segmenter.stream``, one per frame, in order.

    Attributes:
        frame: The frame.
        distance: Frames to the nearest keyframe that it was made from, 0 for a keyframe.
        scores: (classes, h, w) float32 on the network's device, before softmax.
        confidence: (h, w) float32 in [0, 1], on the scores' grid: 1 for a keyframe; for an intermediate frame high
            where the picture supports the propagated scores; None where it was not measured.
        classes: Names and colours of the classes.

    Examples:
        >>> import warpseg
        >>> segmenter = warpseg.Segmenter("camvid", interval=5, device="cpu")
        >>> for result in segmenter.stream("drive.mp4", max_frames=3):
        ...     print(result, result.labels().shape)
        Segmentation(frame 0, keyframe, 11x60x80 scores) (120, 160)
        Segmentation(frame 1, 1 from a keyframe, 11x60x80 scores) (120, 160)
        Segmentation(frame 2, 2 from a keyframe, 11x60x80 scores) (120, 160)
    """

    def __init__(
        self,
        estimate: Estimate,
        classes: Classes,
        stages: Stages | None = None,
        ready: Callable[[], NDArray[Any]] | None = None,  # returns labels at the frame's size that exist already
    ) -> None:
        self.frame: Frame = estimate.frame
        self.distance: int = estimate.distance
        self.scores: Tensor = estimate.scores
        self.confidence: Tensor | None = estimate.confidence
        if self.is_key:
            self.confidence = torch.ones(self.scores.shape[-2:], dtype=torch.float32)
        self.classes = classes
        self._stages = stages
        self._ready = ready
        self._labels: NDArray[Any] | None = None

    @property
    def is_key(self) -> bool:
        """True if the network itself ran on this frame."""
        return self.distance == 0

    def labels(self, size: tuple[int, int] | None = None) -> NDArray[Any]:
        """Return the most likely class of every pixel: upsampling and argmax in one pass, without the score volume.

        Args:
            size: (height, width) in pixels; None for the frame's own, computed once and kept.

        Returns:
            (height, width) class ids, uint8, or uint16 for more than 255 classes.
        """
        if size is not None and size != self.frame.size:
            return self._compute(size)
        if self._labels is None:
            self._labels = _narrow(self._ready()) if self._ready else self._compute(self.frame.size)
        return self._labels

    def probabilities(self, size: tuple[int, int] | None = None) -> Tensor:
        """Return the softmax of the upsampled scores: the paper's last layer.

        Args:
            size: (height, width) in pixels; None for the frame's own.

        Returns:
            (classes, height, width) float32 on the network's device.
        """
        upsampled = F.interpolate(self.scores[None], size=size or self.frame.size, mode="bilinear", align_corners=False)
        return torch.softmax(upsampled[0], 0)

    def _compute(self, size: tuple[int, int]) -> NDArray[Any]:
        with self._stages.measure("labels") if self._stages else nullcontext():
            return _narrow(labels(self.scores, size).cpu().numpy())

    def __repr__(self) -> str:
        what = "keyframe" if self.is_key else f"{self.distance} from a keyframe"
        return f"Segmentation(frame {self.frame.index}, {what}, {'x'.join(map(str, self.scores.shape))} scores)"


def _narrow(ids: NDArray[Any]) -> NDArray[Any]:
    """Return class ids as uint8, or uint16 where they are wider."""
    return ids if ids.dtype == np.uint8 else ids.astype(np.uint16)
