"""Paper baseline: time of an intermediate frame with features warped step by step and every class upsampled."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from warpseg.core.geometry import warp
from warpseg.engine.choices import SCHEMES
from warpseg.networks import Network
from warpseg.types import Frame

__all__ = ["between_ms", "paper_lap", "printed", "speed_up", "timed"]


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
    uses = SCHEMES[scheme].uses
    warps = (2 * parts["warp"] + parts["fuse"]) if "fusion" in uses else parts["warp"] if "propagation" in uses else 0.0
    return warps + parts["head"]


def speed_up(parts: Mapping[str, float], scheme: str, n: int) -> float:
    """Return the model's speed at interval ``n`` over its speed frame by frame."""
    key = parts["network"] + parts["head"]
    return n * key / (key + (n - 1) * between_ms(parts, scheme))


def printed(network: Network, f: Tensor, window: Sequence[Frame], size: tuple[int, int]) -> dict[str, float]:
    """Time section 3.1 and Algorithm 1 to the letter: features are warped step by step, all scores are upsampled.

    ``f`` are the features (D, h, w) of the frame before ``window``, ``size`` is (height, width) of the labels. Returns
    median milliseconds per frame, "warp" and "head".
    """
    warps, heads = [], []
    for frame in window:
        f, spent = timed(lambda f=f, motion=frame.motion: warp(f, motion), network)  # type: ignore[misc]
        warps.append(spent)

        def head(f: Tensor = f) -> Tensor:
            volume = F.interpolate(network.task(f)[None], size=size, mode="bilinear", align_corners=False)
            return torch.softmax(volume, 1).argmax(1)

        heads.append(timed(head, network)[1])
    return {"warp": float(np.median(warps)), "head": float(np.median(heads))}


@torch.inference_mode()
def timed(work: Callable[[], Tensor], network: Network | None = None) -> tuple[Tensor, float]:
    """Return the result of ``work``, and its milliseconds."""

    def settled() -> float:
        if network is not None and network.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    started = settled()
    result = work()
    return result, 1000 * (settled() - started)
