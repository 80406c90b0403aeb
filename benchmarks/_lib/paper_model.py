"""The paper's network for measuring time without its weights: a random ResNet-101 that ends in real score maps.

Random weights take as long as trained ones as far as the network goes, but their scores are noise, in which every cell
is a boundary cell, and labels take longer the more boundaries there are. So the random head runs, and in the place of
what it gives come the embedded network's scores of the same frame, brought to stride 16 and, with the first nine
classes once more and four lower, to 20 classes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from warpseg.engine.source import open_video
from warpseg.networks import Network, Precision, deeplab, load
from warpseg.networks.network import pick_device, pick_dtype

CLASSES = 20
_THIN = 64  # pixels between those that distinguish frames


def paper_network(video: Path, *, device: str = "auto", precision: Precision = "auto") -> Network:
    """Return the network for the frames of ``video``, whose score maps are made here."""
    where = pick_device(device)
    net = deeplab.load(None, device=where, dtype=pick_dtype(precision, where), random_weights=True)
    thumbs, maps = _scores(video, where)

    def feature_net(rgb: Tensor) -> Tensor:
        f = net.feature_net(rgb)
        seen = rgb[:, :, ::_THIN, ::_THIN].float().flatten(1)
        # Which frame it is travels in one cell: bf16 holds whole numbers up to 256.
        f[:, 0, 0, 0] = (seen[:, None] - thumbs).abs().sum(-1).argmin(1).to(f.dtype)
        return f

    def head(f: Tensor) -> Tensor:
        net.head(f)
        return maps[f[:, 0, 0, 0].long().clamp(0, len(maps) - 1)]  # warped features, the paper's way, name no frame

    return replace(net, name="ResNet-101 (random weights, real scores)", feature_net=feature_net, head=head)


@torch.inference_mode()
def _scores(video: Path, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return values that distinguish frames, (frames, values), and their scores (frames, 20, h, w) at stride 16."""
    embedded = load("camvid", device=str(device), precision="fp32")
    thumbs, maps = list[Tensor](), list[Tensor]()
    with open_video(video, motion="none") as frames:
        for frame in frames:
            if len(maps) == 256:
                raise ValueError(f"{video}: more than 256 frames cannot be distinguished; choose a shorter video")
            height, width = frame.size
            scores = embedded.task(embedded.features(frame))[None]
            scores = F.interpolate(scores, (-(-height // deeplab.STRIDE), -(-width // deeplab.STRIDE)), mode="area")[0]
            maps.append(torch.cat([scores, scores[: CLASSES - len(scores)] - 4]))
            rgb = torch.from_numpy(frame.pixels[::_THIN, ::_THIN].copy()).permute(2, 0, 1)
            thumbs.append((rgb.float() / 255).flatten().to(device))
    return torch.stack(thumbs), torch.stack(maps)
