"""``camvid``, the embedded network: StreetNet trained on CamVid and synthetic streets (``weights/MODEL_CARD.md``)."""

from __future__ import annotations

from importlib.resources import as_file, files

import torch

from warpseg.classes import CAMVID
from warpseg.networks.network import Network, Precision, pick_dtype, pointwise
from warpseg.networks.streetnet import StreetNet, fold
from warpseg.networks.weights_file import checksum, read_weights

__all__ = ["SHORT_SIDE", "from_name", "load"]

SHORT_SIDE = (540, 720)  # pixels: it was trained on pictures of 360 lines, enlarged about 1.5 times


def from_name(argument: str, *, device: torch.device, precision: Precision) -> Network:
    """Return the embedded network; its name takes no argument."""
    return load(device=device, dtype=pick_dtype(precision, device))


def load(*, device: torch.device, dtype: torch.dtype) -> Network:
    """Return the embedded network on ``device``, with features computed in ``dtype`` and the head in fp32."""
    with as_file(files("warpseg.networks") / "weights" / "camvid.safetensors") as path:
        weights, digest = read_weights(path), checksum(path)
    net = StreetNet(len(CAMVID))
    net.load_state_dict(weights)
    features = fold(net.features.eval()).to(device, dtype).to(memory_format=torch.channels_last)
    return Network(
        "camvid", features, pointwise(net.head.to(device).eval()), True,
        classes=CAMVID, white=255, short_side=SHORT_SIDE, device=device, dtype=dtype, checksum=digest,
        reentrant=True,
    )  # fmt: skip
