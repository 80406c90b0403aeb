"""Convolutional fusion: folded into a linear head it is the same as on features; bad weights are one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.support.fakes import fused
from warpseg import ModelError, Segmenter
from warpseg.core.fusion import Convolution, average
from warpseg.networks.convolution import load_convolution

DEPTH, CLASSES, STRIDE = 12, 5, 8


class Features(nn.Module):
    """Random features at an eighth of the size, the same for every instance."""

    def __init__(self) -> None:
        super().__init__()
        g = torch.Generator().manual_seed(1)
        self.conv = nn.Conv2d(3, DEPTH, STRIDE, STRIDE)
        for parameter in self.conv.parameters():
            parameter.data = torch.randn(parameter.shape, generator=g) * 0.2

    def forward(self, rgb: Tensor) -> Tensor:
        return self.conv(rgb).relu()  # type: ignore[no-any-return]


class Hidden(nn.Conv2d):
    """A linear head that is not seen to be one."""


def head(kind: type[nn.Conv2d] = nn.Conv2d) -> nn.Conv2d:
    g = torch.Generator().manual_seed(2)
    made = kind(DEPTH, CLASSES, 1)
    for parameter in made.parameters():
        parameter.data = torch.randn(parameter.shape, generator=g)
    return made


def pictures(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    world = rng.integers(0, 256, (64, 96 + 2 * count, 3), np.uint8).repeat(2, 0).repeat(2, 1)
    return [np.ascontiguousarray(world[:96, 2 * i : 2 * i + 128]) for i in range(count)]


def weights(path: Path, changed: dict[str, Tensor] | None = None, *, four: bool = False) -> Path:
    g = torch.Generator().manual_seed(3)
    tensors = {"weight": torch.randn(DEPTH, 2 * DEPTH, generator=g) * 0.3, "bias": torch.randn(DEPTH, generator=g)}
    if four:
        tensors["weight"] = tensors["weight"][:, :, None, None].contiguous()
    save_file(tensors | (changed or {}), path)
    return path


@pytest.mark.parametrize("four", [False, True])
def test_folded_is_the_same_as_on_features(tmp_path: Path, four: bool) -> None:
    file = weights(tmp_path / "conv.safetensors", four=four)
    options = {"device": "cpu", "interval": 4, "fusion": "convolution", "fusion_weights": file}
    folded = Segmenter((Features(), head()), **options)  # type: ignore[arg-type]
    plain = Segmenter((Features(), head(Hidden)), **options)  # type: ignore[arg-type]
    assert (folded.representation.name, plain.representation.name) == ("scores", "features")
    results = list(zip(folded.stream(pictures(10)), plain.stream(pictures(10)), strict=True))
    assert len(results) == 10
    for a, b in results:
        assert a.scores.shape == (CLASSES, 12, 16)
        scale = float(b.scores.abs().max())
        torch.testing.assert_close(a.scores / scale, b.scores / scale, atol=1e-5, rtol=0)


def test_it_is_the_average_for_two_identities() -> None:
    eye = torch.eye(4)
    fuse = Convolution(torch.cat([eye, eye], 1), torch.zeros(4))
    f, g = torch.randn(4, 3, 5), torch.randn(4, 3, 5)
    for alpha in (0.0, 0.3, 1.0):
        torch.testing.assert_close(fused(fuse, f, g, alpha), fused(average, f, g, alpha))


def test_it_says_what_the_paper_says() -> None:
    """W [alpha f; (1 - alpha) g] + b, cell by cell."""
    g = torch.Generator().manual_seed(4)
    weight, bias = torch.randn(3, 6, generator=g), torch.randn(3, generator=g)
    f, b = torch.randn(3, 2, 2, generator=g), torch.randn(3, 2, 2, generator=g)
    found = fused(Convolution(weight, bias), f, b, 0.75)
    for y in range(2):
        for x in range(2):
            torch.testing.assert_close(
                found[:, y, x], weight[:, :3] @ (0.75 * f[:, y, x]) + weight[:, 3:] @ (0.25 * b[:, y, x]) + bias
            )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weight": torch.zeros(DEPTH, DEPTH)}, r"expected \(D, 2 D\)"),
        ({"weight": torch.zeros(DEPTH, 2 * DEPTH, 3, 3)}, r"expected \(D, 2 D\)"),
        ({"bias": torch.zeros(3)}, r"expected \(D, 2 D\)"),
    ],
)
def test_weights_of_another_shape_are_refused(tmp_path: Path, changed: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_convolution(weights(tmp_path / "conv.safetensors", changed))


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        load_convolution(tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ModelError, match="not a safetensors file"):
        load_convolution(tmp_path / "text.safetensors")
    save_file({"weight": torch.zeros(2, 4)}, tmp_path / "half.safetensors")
    with pytest.raises(ModelError, match="has no bias"):
        load_convolution(tmp_path / "half.safetensors")


def test_a_network_with_other_features_is_refused(tmp_path: Path) -> None:
    other = {"weight": torch.zeros(DEPTH + 1, 2 * DEPTH + 2), "bias": torch.zeros(DEPTH + 1)}
    file = weights(tmp_path / "conv.safetensors", other)
    with pytest.raises(ModelError, match="for 13 channels"):
        Segmenter((Features(), head()), device="cpu", fusion="convolution", fusion_weights=file)
    whole = nn.Sequential(Features(), head())
    with pytest.raises(ModelError, match="shows no features"):
        Segmenter(whole, device="cpu", fusion="convolution", fusion_weights=file)


def test_weights_and_fusion_go_together(tmp_path: Path) -> None:
    for options in ({"fusion": "convolution"}, {"fusion_weights": weights(tmp_path / "conv.safetensors")}):
        with pytest.raises(ValueError, match="go together"):
            Segmenter((Features(), head()), device="cpu", **options)
