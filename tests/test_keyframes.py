"""Keyframes through the network: in batches, in another precision or size, compiled; the labels are those of before."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from warpseg import Frame, ModelError, MotionField, load
from warpseg.networks import Batched, Network, ScoreSpace
from warpseg.networks.convolution import Convolution, Folded

Size = tuple[int, int]


def picture(size: Size, seed: int = 0) -> Frame:
    """Return a frame of smooth random colours."""
    coarse = torch.rand(1, 3, 5, 8, generator=torch.Generator().manual_seed(seed)) * 255
    pixels = nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(0, 255)[0].permute(1, 2, 0)
    shown = np.ascontiguousarray(pixels.numpy().astype(np.uint8))
    return Frame(seed, Fraction(seed), size, MotionField.zero(), load=lambda: shown)


def pictures(count: int, size: Size) -> list[Frame]:
    return [picture(size, seed) for seed in range(count)]


def pair(channels: int = 6, classes: int = 4) -> Network:
    """Return a network of one convolution and a linear head."""
    generator = torch.Generator().manual_seed(5)
    layers = nn.Conv2d(3, channels, 4, 4), nn.Conv2d(channels, classes, 1)
    for parameter in (*layers[0].parameters(), *layers[1].parameters()):
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return load(layers, device="cpu")


class Passes(nn.Module):
    """Remembers the shape of every batch that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, rgb: Tensor) -> Tensor:
        self.seen.append(tuple(rgb.shape))
        return nn.functional.avg_pool2d(rgb, 2)


# Batches


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("size", [(180, 320), (123, 205)], ids=["even", "odd"])
def test_a_batch_on_the_cpu_is_bit_for_bit_its_frames_alone(precision: Literal["fp32", "bf16"], size: Size) -> None:
    network, frames = load("camvid", device="cpu", precision=precision), pictures(3, size)
    for together, frame in zip(network.batch(frames), frames, strict=True):
        alone = network.features(frame)
        assert torch.equal(together, alone)
        assert together.dtype == torch.float32
        assert together.stride() == alone.stride()  # so that what follows computes alike as well


@pytest.mark.parametrize("space", ["features", "scores", "folded"])
def test_everything_that_carries_takes_batches(space: str) -> None:
    network = pair()
    by_space: dict[str, Batched] = {
        "features": network,
        "scores": ScoreSpace(network),
        "folded": Folded(network, Convolution(torch.randn(6, 12), torch.randn(6))),
    }
    batched, frames = by_space[space], pictures(3, (16, 24))
    maps = batched.batch(frames)
    assert len(maps) == 3
    for f, frame in zip(maps, frames, strict=True):
        assert torch.equal(f, batched.features(frame))
        assert torch.equal(batched.task(f), network.task(network.features(frame)))
    assert batched.batch([]) == []


def test_a_batch_is_one_pass_for_each_run_of_one_picture_size() -> None:
    net = Passes()
    large, small = pictures(3, (20, 30)), pictures(2, (8, 12))
    frames = [*large[:2], *small, large[2]]
    maps = load(net, device="cpu").batch(frames)
    assert net.seen == [(2, 3, 20, 30), (2, 3, 8, 12), (1, 3, 20, 30)]
    for f, frame in zip(maps, frames, strict=True):
        mean = torch.from_numpy(frame.pixels).permute(2, 0, 1)[None] / 255
        assert torch.equal(f, nn.functional.avg_pool2d(mean, 2)[0])


class One(nn.Module):
    """Looks at the first picture of a batch only."""

    def forward(self, rgb: Tensor) -> Tensor:
        return rgb[:1]


def test_a_network_for_single_pictures_is_refused_a_batch() -> None:
    network = load(One(), device="cpu")
    assert tuple(network.features(picture((8, 12))).shape) == (3, 8, 12)
    with pytest.raises(ModelError, match=r"One: gave \(1, 3, 8, 12\) for 2 pictures; expected a map \(2, ") as raised:
        network.batch(pictures(2, (8, 12)))
    assert "\n" not in str(raised.value)
