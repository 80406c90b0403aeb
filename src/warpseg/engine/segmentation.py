"""What a scheme says of one frame, brought to pixels where somebody asks."""

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
    """The segmentation of one frame: class scores at the network's cells, labels and probabilities at any size on
    demand.
    """

    def __init__(
        self,
        estimate: Estimate,
        classes: Classes,
        stages: Stages | None = None,
        ready: Callable[[], NDArray[Any]] | None = None,  # gives labels at the frame's size that are already made
    ) -> None:
        self.frame: Frame = estimate.frame
        self.distance: int = estimate.distance  # frames to the nearest keyframe it was made from; 0 for a keyframe
        self.scores: Tensor = estimate.scores  # (classes, h, w) float32
        # (h, w) float32 in [0, 1] at the network's cells: how far the picture supports what was carried here; 1 for a
        # keyframe, None where nobody judged.
        self.confidence: Tensor | None = estimate.confidence
        if self.is_key:
            self.confidence = torch.ones(self.scores.shape[-2:])
        self.classes = classes
        self._stages = stages
        self._ready = ready
        self._labels: NDArray[Any] | None = None

    @property
    def is_key(self) -> bool:
        """Whether the network itself ran on this frame."""
        return self.distance == 0

    def labels(self, size: tuple[int, int] | None = None) -> NDArray[Any]:
        """Return class ids (height, width), uint8, or uint16 for more than 255 classes.

        At the frame's size unless ``size`` says otherwise.
        """
        if size is not None and size != self.frame.size:
            return self._compute(size)
        if self._labels is None:
            self._labels = _narrow(self._ready()) if self._ready else self._compute(self.frame.size)
        return self._labels

    def probabilities(self, size: tuple[int, int] | None = None) -> Tensor:
        """Return the softmax of the upsampled scores, (classes, height, width) float32: the paper's last layer."""
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
