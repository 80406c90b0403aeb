"""The embedded network: StreetNet trained on CamVid and synthetic streets (see ``weights/MODEL_CARD.md``)."""

from __future__ import annotations

from importlib.resources import as_file, files

import torch

from warpseg.networks import checksum, read_weights
from warpseg.networks.network import Network, pointwise
from warpseg.networks.streetnet import StreetNet, fold
from warpseg.types import Classes

__all__ = ["CLASSES", "SHORT_SIDE", "load"]

SHORT_SIDE = (540, 720)  # pixels: it learned from pictures of 360 lines, enlarged around half as much again

CLASSES = Classes(
    ("sky", "building", "pole", "road", "pavement", "tree", "sign symbol", "fence", "car", "pedestrian", "bicyclist"),
    (
        (70, 130, 180), (110, 110, 110), (255, 214, 153), (128, 64, 128), (244, 35, 232), (87, 158, 35),
        (250, 220, 0), (190, 153, 120), (30, 60, 220), (220, 20, 60), (0, 190, 190),
    ),
)  # fmt: skip


def load(*, device: torch.device, dtype: torch.dtype) -> Network:
    """Return the embedded network on ``device``, its features computed in ``dtype``, its head in fp32."""
    with as_file(files("warpseg.networks") / "weights" / "camvid.safetensors") as path:
        weights, digest = read_weights(path), checksum(path)
    net = StreetNet(len(CLASSES))
    net.load_state_dict(weights)
    features = fold(net.features.eval()).to(device, dtype).to(memory_format=torch.channels_last)
    return Network(
        "camvid", features, pointwise(net.head.to(device).eval()), True,
        classes=CLASSES, white=255, short_side=SHORT_SIDE, device=device, dtype=dtype, checksum=digest,
        reentrant=True,
    )  # fmt: skip
