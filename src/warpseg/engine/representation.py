"""Representation: scores or features, the maps that are propagated; scores where that changes nothing but the cost."""

from __future__ import annotations

import logging
from typing import Literal, NamedTuple

from warpseg.core.fusion import Convolution, Fusion
from warpseg.errors import ModelError
from warpseg.networks import Batched, Network, ScoreSpace
from warpseg.networks.convolution import Folded

__all__ = ["Representation", "choose_representation"]

_log = logging.getLogger("warpseg")


class Representation(NamedTuple):
    """The maps that a scheme propagates."""

    name: Literal["scores", "features"]
    network: Batched  # gives the maps of keyframes, and scores of propagated maps
    fuse: Fusion  # joins two of these maps


def choose_representation(network: Network, fuse: Fusion, *, interpolates: bool) -> Representation:
    """Return the cheapest representation that gives what features would give, and log which and why.

    Only Algorithm 2 (``interpolates``) fuses. Raises ``ModelError`` where features are needed and the network shows
    none.
    """
    folds = isinstance(fuse, Convolution) and interpolates
    commutes = not interpolates or fuse.linear or folds
    name: Literal["scores", "features"] = "features"
    if not network.shows_features:
        if folds:
            raise ModelError(f"{network.name} shows no features, which convolutional fusion is made of")
        name, why = "scores", "the network shows no features"
        if not commutes:
            _log.warning("%s shows no features, so %s is taken of its scores", network.name, fuse.name)
    elif network.linear_head and commutes:
        name, why = "scores", "the head is linear, which commutes with warp and weights"
    else:
        why = "the fusion is not linear" if network.linear_head else "the head is not linear"
    _log.info("%s are propagated between frames: %s", name, why)
    if name == "features":
        return Representation(name, network, fuse)
    if isinstance(fuse, Convolution) and interpolates:
        folded = Folded(network, fuse)
        return Representation(name, folded, folded.fuse)
    return Representation(name, ScoreSpace(network), fuse)
