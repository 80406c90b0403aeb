"""The paper's network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from tests.support.pictures import frame
from warpseg import load
from warpseg.errors import ModelError
from warpseg.networks import checksum, deeplab
from warpseg.networks.deeplab import CLASSES, DeepLab, TaskNetwork


def test_the_papers_network_is_refused_without_weights() -> None:
    with pytest.raises(ModelError, match=r"deeplab-resnet101:WEIGHTS\.safetensors") as raised:
        load("deeplab-resnet101", device="cpu")
    assert "\n" not in str(raised.value)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match=r"task\.scores\.weight"):
        load(f"deeplab-resnet101:{path}", device="cpu")
    save_file({"task.scores.weight": torch.zeros(4, 2048, 1, 1)}, path)
    with pytest.raises(ModelError, match="does not fit") as raised:
        load(f"deeplab-resnet101:{path}", device="cpu")
    assert "\n" not in str(raised.value)


def test_the_papers_network_from_weights(tmp_path: Path) -> None:
    """Section 4.1: ResNet-101, stride 16, 2048 channels, 20 classes; one test, because building is slow."""
    torch.manual_seed(0)
    made = deeplab.load(None, device=torch.device("cpu"), dtype=torch.float32, random_weights=True)
    shown = frame((64, 96))
    f = made.features(shown)
    assert tuple(f.shape) == (2048, 4, 6)
    assert tuple(made.task(f).shape) == (20, 4, 6)
    assert made.linear_head
    assert made.classes is CLASSES
    assert len(CLASSES.names) == len(CLASSES.colours) == 20
    assert CLASSES.names[-1] == "background"

    net = DeepLab().eval()
    for module in net.modules():  # batch norms are folded, which shows only where they do something
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    path = tmp_path / "weights.safetensors"
    save_file(net.state_dict(), path)
    loaded = load(f"deeplab-resnet101:{path}", device="cpu", precision="fp32")
    assert loaded.checksum == checksum(path)
    rgb = torch.from_numpy(shown.pixels).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        f, probabilities = net.features(rgb), net(rgb)
    scale = float(f.abs().max())
    torch.testing.assert_close(loaded.features(shown), f[0], atol=1e-4 * scale, rtol=0)
    assert tuple(probabilities.shape) == (1, 20, 64, 96)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1, 64, 96), atol=1e-5, rtol=0)


def test_the_fixed_deconvolution_is_bilinear_interpolation_away_from_borders() -> None:
    torch.manual_seed(0)
    task = TaskNetwork(5, 32)
    f = torch.randn(1, 32, 5, 7)
    with torch.no_grad():
        scores = task.scores(f)
        expected = F.interpolate(scores, scale_factor=16, mode="bilinear", align_corners=False)
        upsampled = task.upsample(scores)
        inner = (..., slice(8, -8), slice(8, -8))  # at the borders a deconvolution fades to nothing
        torch.testing.assert_close(upsampled[inner], expected[inner], atol=1e-5, rtol=0)
        torch.testing.assert_close(task(f)[inner], torch.softmax(expected, 1)[inner], atol=1e-5, rtol=0)
    assert upsampled.shape == expected.shape
    assert not task.upsample.weight.requires_grad
    assert all(parameter.requires_grad for parameter in task.scores.parameters())
