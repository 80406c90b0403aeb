"""Convolutional fusion (paper, section 3.6): reads its weights from a file and folds them into a linear head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from warpseg.core.fusion import Convolution, MapFusion
from warpseg.errors import ModelError
from warpseg.networks.network import Network
from warpseg.types import Frame

__all__ = ["Folded", "load_convolution"]


def load_convolution(path: Path | str) -> Convolution:
    """Read ``weight`` (D, 2 D) or (D, 2 D, 1, 1) and ``bias`` (D) from a safetensors file.

    D is the number of feature channels. Raises ``ModelError`` if the file holds anything else.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; give the weights of convolutional fusion") from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not a safetensors file; export weight and bias with safetensors") from error
    missing = [name for name in ("weight", "bias") if name not in tensors]
    if missing:
        there = ", ".join(sorted(tensors)) or "nothing"
        raise ModelError(f"{path}: has no {' and no '.join(missing)} but {there}; expected weight and bias")
    weight, bias = tensors["weight"].float(), tensors["bias"].float()
    if weight.ndim == 4 and weight.shape[2:] == (1, 1):
        weight = weight[:, :, 0, 0]
    if weight.ndim != 2 or weight.shape[1] != 2 * len(weight) or bias.shape != weight.shape[:1]:
        shapes = f"weight {tuple(tensors['weight'].shape)} and bias {tuple(tensors['bias'].shape)}"
        raise ModelError(f"{path}: {shapes}; expected (D, 2 D) or (D, 2 D, 1, 1) and (D)")
    return Convolution(weight, bias)


class Folded:
    """Network with a linear head into which convolutional fusion is folded, so that scores are propagated.

    Each keyframe yields its scores and, without bias, the head applied to both halves of the convolution: three maps of
    C channels, which commute with warping and weighting. The result is that of ``Convolution`` on features, then the
    head.
    """

    def __init__(self, network: Network, convolution: Convolution) -> None:
        depth = len(convolution.bias)
        with torch.inference_mode():
            units = torch.eye(depth, dtype=torch.float32, device=network.device)[None, :, :, None]
            try:
                bias = network.scores(torch.zeros_like(units[:, :, :1]))[0, :, 0, 0]
                head = network.scores(units)[0, :, :, 0] - bias[:, None]  # (C, D)
            except RuntimeError as error:
                raise ModelError(
                    f"{network.name}: the weights of convolutional fusion are for {depth} channels, "
                    "the network's features have another number; give weights trained for this network"
                ) from error
            halves = convolution.weight.to(network.device).split(depth, 1)
            self._maps = torch.cat([head @ half for half in halves])  # (2 C, D)
            self._bias = (head @ convolution.bias.to(network.device) + bias)[:, None, None]
        self._network = network
        self._classes = len(head)

    def features(self, frame: Frame) -> Tensor:
        """Return the scores of a keyframe and its forward and backward contributions, (3 C, h, w)."""
        return self.batch([frame])[0]

    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return, for each keyframe, its scores and its forward and backward contributions, (3 C, h, w)."""
        return [
            torch.cat([self._network.task(f), torch.einsum("oc,chw->ohw", self._maps, f)])
            for f in self._network.batch(frames)
        ]

    def task(self, f: Tensor) -> Tensor:
        """Return the scores (C, h, w) of a map (3 C, h, w)."""
        return f[: self._classes]

    @property
    def fuse(self) -> MapFusion:
        """The fusion of two propagated maps (3 C, h, w) to scores (C, h, w) in the first C channels."""
        return MapFusion("convolution", self._fused)

    def _fused(self, forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
        c = self._classes
        return alpha * forward[c : 2 * c] + (1 - alpha) * backward[2 * c :] + self._bias
