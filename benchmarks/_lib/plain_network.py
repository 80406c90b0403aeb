"""Plain network: convolutions at stride 16 and a head that is not linear, trained from nothing on CamVid."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.classes import CAMVID as CLASSES
from warpseg.networks import Network
from warpseg.train.data import Labelled, augment
from warpseg.train.embedded import averaged, class_weights, loss, optimizer_of, rate

BATCH, PEAK_RATE, CROP, SCALES = 8, 3e-3, (288, 384), (0.75, 1.6)
WIDTHS = (24, 40, 64, 88)


class Residual(nn.Module):
    """Two 3x3 convolutions and a way around them, as in ResNet."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, width, h, w) to the same shape, not negative."""
        return F.relu(x + self.inner(x))


def plain() -> tuple[nn.Module, nn.Module]:
    """Return features, RGB (b, 3, H, W) in [0, 1] to (b, 88, ceil(H/16), ceil(W/16)), and head, these to scores."""

    def down(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

    a, b, c, d = WIDTHS
    features = nn.Sequential(
        *down(3, a), *down(a, b), Residual(b), *down(b, c), Residual(c), Residual(c),
        *down(c, d), Residual(d), Residual(d, dilation=3),
    )  # fmt: skip
    return features, nn.Sequential(nn.Conv2d(d, 64, 1), nn.ReLU(), nn.Conv2d(64, len(CLASSES), 1))


def second_network(weights: Path) -> Network:
    """Return the trained network."""
    features, head = plain()
    nn.Sequential(features, head).load_state_dict({k: v.float() for k, v in load_file(weights).items()})
    features.eval().to(memory_format=torch.channels_last)
    return Network("second", features, head.eval(), linear_head=False, classes=CLASSES)


def train(real: Labelled, out: Path, *, epochs: int) -> None:
    """Train on stills and write the averaged weights, half-precision numbers, to ``out``."""
    torch.manual_seed(0)
    network: nn.Module = nn.Sequential(*plain()).to(memory_format=torch.channels_last)
    average, optimizer = averaged(network), optimizer_of(network)
    weights = class_weights(real.labels, 0.25)
    for epoch in range(epochs):
        started, random, total = time.perf_counter(), torch.Generator().manual_seed(epoch), 0.0
        batches = torch.randperm(len(real), generator=random).split(BATCH)
        network.train()
        for step, chosen in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = PEAK_RATE * rate((epoch + step / len(batches)) / epochs)
            images, labels = augment(real.images[chosen], real.labels[chosen], CROP, SCALES, random)
            with torch.autocast("cpu", torch.bfloat16):
                scores = network((images / 255).contiguous(memory_format=torch.channels_last))
            value = loss(scores, labels, weights, 0.5)
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            average.update_parameters(network)
            total += value.item()
        spent = time.perf_counter() - started
        print(f"epoch {epoch + 1}/{epochs}: loss {total / len(batches):.3f}, {spent:.0f} s", flush=True)
    state = average.module.state_dict()
    halves = {name: x.half() if x.is_floating_point() else x for name, x in state.items()}
    save_file({name: tensor.contiguous() for name, tensor in halves.items()}, out)
