"""Fusion: the maps propagated from the previous and from the next keyframe, joined (paper, section 3.6).

A fusion takes the frame, both maps (None where a scene cut or the video's end hides a keyframe) and ``alpha``, the
paper's weight of the forward map, ``(n - p) / n`` at offset ``p`` of ``n``. It returns the features and how far the
frame's own picture supports them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from warpseg.core.geometry import blend, inside
from warpseg.core.propagation import Propagated
from warpseg.errors import ModelError
from warpseg.types import Frame, confidence_of

__all__ = [
    "DISTANCE",
    "OUTSIDE",
    "SHARPNESS",
    "Average",
    "Confidence",
    "Convolution",
    "Fused",
    "Fusion",
    "MapFusion",
    "average",
    "confidence",
    "confidence_in",
    "maximum",
    "maximum_literal",
    "with_confidence",
]  # fmt: skip

# Chosen on synthetic streets and unlabelled clips, see docs/fusion.md.
SHARPNESS = 0.15  # change of the weight's logit per grey level by which the other path's photometric error is larger
DISTANCE = 0.5  # how much of the logit of the paper's weight counts next to it
OUTSIDE = 5.0  # grey levels that a path counts for more if it ends outside of the frame, where it found the border


class Fused(NamedTuple):
    """The features of an intermediate frame."""

    f: Tensor  # (channels, h, w)
    confidence: Tensor | None = None  # (h, w) in [0, 1]: how far the picture supports them; None where not measured


class Fusion(Protocol):
    """Joins two propagated maps, at least one of which is there."""

    @property
    def name(self) -> str:
        """The name that options, ``run.json`` and results use."""

    @property
    def linear(self) -> bool:
        """True if it commutes with a linear head, so that scores may be fused in place of features."""

    @property
    def gpu_weights(self) -> Literal["distance", "photometric"] | None:
        """The weights with which a GPU kernel computes the same for whole windows; None where there is no kernel."""

    def __call__(self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float) -> Fused:
        """Return the fused features of ``frame``; ``alpha`` in [0, 1] is the forward map's weight by distance."""


@dataclass(frozen=True)
class Average:
    """The paper's weighted average ``alpha forward + (1 - alpha) backward``; equal maps come back bit for bit."""

    name: ClassVar[str] = "average"
    linear: ClassVar[bool] = True
    gpu_weights: ClassVar[Literal["distance"]] = "distance"

    def __call__(self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float) -> Fused:
        """Return the average; no confidence, which would cost a comparison of pictures."""
        if forward is None or backward is None:
            return Fused(_only(forward, backward).f)
        return Fused(_average(forward, backward, alpha))


@dataclass(frozen=True)
class Confidence:
    """A weighted average in which each cell takes more from the keyframe whose picture explains it better.

    An intermediate frame is decoded anyway. Where motion leads rightly to a keyframe, the keyframe's picture looks
    there as the frame does here. So the logit of a cell's weight is ``SHARPNESS`` times the difference of the two
    photometric errors, plus ``DISTANCE`` times the logit of the paper's weight. Without planes or paths the weight is
    the paper's and there is no confidence.
    """

    name: ClassVar[str] = "confidence"
    linear: ClassVar[bool] = True
    gpu_weights: ClassVar[Literal["photometric"]] = "photometric"

    def __call__(self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float) -> Fused:
        """Return the average by photometric error and its confidence."""
        if forward is None or backward is None:
            return Fused(_only(forward, backward).f, confidence_in(frame, forward, backward, alpha))
        error_f, error_b = forward.error(frame), backward.error(frame)
        if error_f is None or error_b is None:
            return Fused(_average(forward, backward, alpha))
        support = error_b - error_f + OUTSIDE * (_outside(backward) - _outside(forward))
        weight = torch.sigmoid(support.mul_(SHARPNESS).add_(DISTANCE * math.log(alpha / (1 - alpha))))
        f = _average(forward, backward, weight.to(forward.origin.f.device))
        return Fused(f, _confidence(torch.lerp(error_b, error_f, weight)))


class _OfMaps(ABC):
    """A fusion that is a function of two maps, taken of features."""

    linear: ClassVar[bool] = False
    gpu_weights: ClassVar[None] = None

    @abstractmethod
    def operator(self, forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
        """Return the fused map of two maps (channels, h, w)."""

    def __call__(self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float) -> Fused:
        """Return what the operator makes of both maps; one map alone passes as it is."""
        if forward is None or backward is None:
            return Fused(_only(forward, backward).f)
        return Fused(self.operator(forward.f, backward.f, alpha))


@dataclass(frozen=True)
class MapFusion(_OfMaps):
    """Any function (forward, backward, alpha) of two maps (channels, h, w)."""

    name: str
    function: Callable[[Tensor, Tensor, float], Tensor]

    def operator(self, forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
        """Return the function's value."""
        return self.function(forward, backward, alpha)


@dataclass(frozen=True, eq=False, repr=False)
class Convolution(_OfMaps):
    """The paper's learned fusion: a 1x1 convolution over both maps, each weighted before, stacked along channels.

    ``weight = [I I]`` and no bias is the average. Raises ``ModelError`` for maps of another number of channels.
    """

    weight: Tensor  # (D, 2 D): for the forward map, then for the backward map
    bias: Tensor  # (D)
    name: ClassVar[str] = "convolution"

    def operator(self, forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
        """Return the fused features (D, h, w) of two maps (D, h, w)."""
        both = torch.cat([alpha * forward, (1 - alpha) * backward])
        if len(both) != self.weight.shape[1]:
            raise ModelError(
                f"convolutional fusion is for {self.weight.shape[1] // 2} channels, the features have {len(forward)}"
            )
        weight, bias = self.weight.to(both.device), self.bias.to(both.device)
        return torch.einsum("oc,chw->ohw", weight, both) + bias[:, None, None]

    def __repr__(self) -> str:
        return f"Convolution({len(self.bias)} channels)"


def with_confidence(fusion: Fusion) -> Fusion:
    """Return the same fusion with the confidence of its results, measured where it measures none itself."""
    return fusion if isinstance(fusion, Confidence) else _WithConfidence(fusion)


@dataclass(frozen=True)
class _WithConfidence:
    fusion: Fusion
    gpu_weights: ClassVar[None] = None

    @property
    def name(self) -> str:
        return self.fusion.name

    @property
    def linear(self) -> bool:
        return self.fusion.linear

    def __call__(self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float) -> Fused:
        return Fused(self.fusion(frame, forward, backward, alpha).f, confidence_in(frame, forward, backward, alpha))


def _maximum(forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
    """Return the weighted maximum, divided by the larger weight so that equal maps come back unchanged.

    Meant for non-negative features (after a ReLU): weighting brings a negative value nearer to zero, which raises it.
    """
    return _literal_maximum(forward, backward, alpha) / max(alpha, 1 - alpha)


def _literal_maximum(forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
    """Return ``max(alpha forward, (1 - alpha) backward)`` as printed in the paper: shrunk towards a window's middle."""
    return torch.maximum(alpha * forward, (1 - alpha) * backward)


average = Average()
confidence = Confidence()
maximum = MapFusion("maximum", _maximum)
maximum_literal = MapFusion("maximum-literal", _literal_maximum)


def confidence_in(
    frame: Frame, forward: Propagated | None, backward: Propagated | None = None, alpha: float = 1.0
) -> Tensor | None:
    """Return how far the picture supports maps mixed by ``alpha``, (h, w) in [0, 1]; None without paths or planes."""
    maps = [propagated for propagated in (forward, backward) if propagated is not None]
    errors = [error for propagated in maps if (error := propagated.error(frame)) is not None]
    if not maps or len(errors) < len(maps):
        return None
    return _confidence(torch.lerp(errors[-1], errors[0], alpha))


def _confidence(error: Tensor) -> Tensor:
    """Return confidence (h, w) in [0, 1] by the photometric error that the chosen mixture leaves, in grey levels."""
    return torch.from_numpy(confidence_of(error.numpy()))


def _only(forward: Propagated | None, backward: Propagated | None) -> Propagated:
    one = forward if forward is not None else backward
    assert one is not None, "a frame that no keyframe sees: windows give each scene a keyframe"
    return one


def _average(forward: Propagated, backward: Propagated, weight: float | Tensor) -> Tensor:
    """Return the average, ``weight`` in [0, 1] of the forward map, for all cells or (h, w); in one pass over both."""
    if forward.path is None or backward.path is None:
        return torch.lerp(backward.f, forward.f, weight)
    return blend(forward.origin.interleaved, forward.path, backward.origin.interleaved, backward.path, weight)


def _outside(propagated: Propagated) -> Tensor:
    """Return 1 where the path to the keyframe ends outside of the frame, else 0; (h, w)."""
    assert propagated.path is not None
    return 1 - inside(propagated.path.offsets)
