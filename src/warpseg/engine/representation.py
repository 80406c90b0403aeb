"""What is carried between frames: scores where that changes nothing but the cost, else features."""

from __future__ import annotations

import logging
from typing import Literal, NamedTuple

from warpseg.core.fusion import Fusion, average
from warpseg.errors import ModelError
from warpseg.networks import Batched, Network, ScoreSpace
from warpseg.networks.convolution import Convolution, Folded

__all__ = ["Space", "choose_space"]

_log = logging.getLogger("warpseg")


class Space(NamedTuple):
    """What a scheme works on."""

    name: Literal["scores", "features"]
    split: Batched  # what runs on keyframes, and what makes scores of what is carried
    fuse: Fusion


def choose_space(network: Network, fuse: Fusion, fusion: str, *, interpolates: bool) -> Space:
    """Return the cheapest space that gives what features would give, and log which and why.

    ``fusion`` is what ``fuse`` is called; only Algorithm 2 (``interpolates``) fuses. Raises ``ModelError`` where
    features are needed and the network shows none.
    """
    folds = isinstance(fuse, Convolution) and interpolates
    # Only a weighted average and this program's own convolution are known to commute with a linear head.
    commutes = not interpolates or fuse is average or folds
    name: Literal["scores", "features"] = "features"
    if not network.shows_features:
        if folds:
            raise ModelError(f"{network.name} shows no features, which convolutional fusion is made of")
        name, why = "scores", "the network shows no features"
        if not commutes:
            _log.warning("%s shows no features, so %s is taken of its scores", network.name, fusion)
    elif network.linear_head and commutes:
        name, why = "scores", "the head is linear, which commutes with warp and weights"
    else:
        why = "the fusion is not linear" if network.linear_head else "the head is not linear"
    _log.info("%s are carried between frames: %s", name, why)
    if name == "features":
        return Space(name, network, fuse)
    if isinstance(fuse, Convolution) and interpolates:
        folded = Folded(network, fuse)
        return Space(name, folded, folded.fuse)
    return Space(name, ScoreSpace(network), fuse)
