"""What an intermediate frame costs the paper's way: features warped step by step, every class upsampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from warpseg.measure.paper.fig2 import printed, timed
from warpseg.networks import Network
from warpseg.types import Frame

__all__ = ["between_ms", "paper_lap", "speed_up"]


def paper_lap(network: Network, window: Sequence[Frame]) -> dict[str, float]:
    """Time the parts on ``window``, whose first frame is the keyframe, and return milliseconds.

    "network" is the feature network, "warp" of one map of features, "fuse" of two; "head" is the 1x1 convolution with
    upsampling, softmax and argmax over all classes (sections 3.1, 3.3 and 3.5 to the letter).
    """
    _ = window[0].pixels  # converted before the clock starts
    f, network_ms = timed(lambda: network.features(window[0]), network)
    parts = printed(network, f, window[1:], window[0].size)

    def fuse() -> Tensor:
        return torch.lerp(f, f, 0.5)

    return {"network": network_ms, **parts, "fuse": timed(fuse, network)[1]}


def between_ms(parts: Mapping[str, float], scheme: str) -> float:
    """Return the milliseconds of an intermediate frame under ``scheme``, motion not counted."""
    carrying = {"copy": 0.0, "propagate": parts["warp"], "interpolate": 2 * parts["warp"] + parts["fuse"]}
    return carrying[scheme] + parts["head"]


def speed_up(parts: Mapping[str, float], scheme: str, n: int) -> float:
    """Return how many times faster than frame by frame the model is at interval ``n``."""
    key = parts["network"] + parts["head"]
    return n * key / (key + (n - 1) * between_ms(parts, scheme))
