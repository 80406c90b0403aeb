"""Compiled networks: the same results, or one line that says why not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.support.pictures import picture, pictures
from warpseg import ModelError, load


class Smooth(nn.Module):
    """Something to compile."""

    def forward(self, rgb: Tensor) -> Tensor:
        return (rgb * 3).sin().abs() + 1


class Unclear(nn.Module):
    """Something that cannot be compiled as a whole."""

    def forward(self, rgb: Tensor) -> Tensor:
        return rgb if float(rgb.mean()) > 0.5 else -rgb


def test_a_compiled_network_gives_the_same() -> None:
    plain, network = load(Smooth(), device="cpu"), load(Smooth(), device="cpu", compile=True)
    assert (plain.compiled, network.compiled) == (False, True)
    frames = pictures(2, (16, 24))
    for f, expected in zip(network.batch(frames), plain.batch(frames), strict=True):
        torch.testing.assert_close(f, expected, atol=1e-6, rtol=1e-6)
    assert load(network, compile=True) is network


def test_what_cannot_be_compiled_is_one_line_and_does_not_run_uncompiled() -> None:
    network = load(Unclear(), device="cpu", compile=True)
    with pytest.raises(ModelError, match=r"Unclear: cannot be compiled \(.*\); leave out --compile") as raised:
        network.features(picture((8, 12)))
    assert "\n" not in str(raised.value)
