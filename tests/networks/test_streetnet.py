"""The embedded network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.pictures import frame
from warpseg import load
from warpseg.classes import CAMVID
from warpseg.networks.streetnet import StreetNet, fold


def test_folding_batch_norms_changes_nothing() -> None:
    torch.manual_seed(0)
    net = StreetNet(11).eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    rgb = 255 * torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        before = net(rgb)
        folded = fold(net)
        torch.testing.assert_close(folded(rgb), before, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((540, 600), (540, 600)),
        ((541, 603), (541, 603)),
        ((360, 400), (540, 600)),
        ((61, 93), (122, 186)),
        ((810, 900), (720, 800)),
    ],
    ids=["as it is", "odd", "enlarged", "at most doubled", "reduced"],
)
def test_the_embedded_network_gives_scores_at_stride_four_of_what_it_sees(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    network = load("camvid", device="cpu", precision="fp32")
    scores = network.task(network.features(frame(size)))
    assert tuple(scores.shape) == (11, -(-seen[0] // 4), -(-seen[1] // 4))
    assert scores.dtype == torch.float32
    assert network.classes is CAMVID
    assert len(CAMVID.names) == len(CAMVID.colours) == 11
    assert network.linear_head
    assert network.checksum is not None
    assert len(network.checksum) == 64
