"""Frames without video and networks that count, for tests of what happens between keyframes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from warpseg.core.fusion import Fusion
from warpseg.core.propagation import KeyframeMap, Propagated
from warpseg.types import Frame, MotionField

Size = tuple[int, int]


def random_motion(seed: int, size: Size = (6, 9), amplitude: float = 0.05) -> MotionField:
    return MotionField(
        amplitude * torch.randn(2, *size, generator=torch.Generator().manual_seed(seed)), torch.ones(size)
    )


def shift(dx: float, dy: float, size: Size) -> MotionField:
    """Return the field that points ``dx`` cells right and ``dy`` cells down, on a grid of that size."""
    offsets = torch.tensor([dx / size[1], dy / size[0]])[:, None, None].expand(2, *size).contiguous()
    return MotionField(offsets, torch.ones(size))


def frame(index: int, motion: MotionField | None = None, *, cut: bool = False) -> Frame:
    return Frame(index, Fraction(index, 25), (48, 72), motion or MotionField.zero((6, 9)), cut=cut)


def frames(count: int, cuts: Iterable[int] = ()) -> list[Frame]:
    """Return frames with random motion, the first of which has none."""
    cuts = set(cuts)
    still = MotionField.zero((6, 9), confidence=0.0)
    return [frame(i, random_motion(i) if i else still, cut=i in cuts) for i in range(count)]


def propagated(f: Tensor, path: MotionField | None = None, key: Frame | None = None) -> Propagated:
    """Return a map that comes from ``key`` along ``path``, or is there already."""
    return Propagated(KeyframeMap(f, key or frame(0)), path, 1)


def fused(fuse: Fusion, forward: Tensor, backward: Tensor, alpha: float) -> Tensor:
    """Return what a fusion makes of two maps that are there already."""
    return fuse(frame(1), propagated(forward), propagated(backward), alpha).f


class CountingNetwork:
    """Random features that depend on the frame's number, a random linear head with bias, and a list of the calls."""

    def __init__(self, channels: int = 16, classes: int = 5, size: Size = (12, 18)) -> None:
        g = torch.Generator().manual_seed(99)
        self.weight, self.bias = torch.randn(classes, channels, generator=g), torch.randn(classes, generator=g)
        self.shape = (channels, *size)
        self.feature_calls: list[int] = []
        self.task_calls = 0

    def features(self, frame: Frame) -> Tensor:
        self.feature_calls.append(frame.index)
        return torch.randn(self.shape, generator=torch.Generator().manual_seed(1000 + frame.index))

    def task(self, f: Tensor) -> Tensor:
        self.task_calls += 1
        return F.conv2d(f[None], self.weight[:, :, None, None], self.bias)[0]


class Reads:
    """Passes an iterable on and counts what was taken from it."""

    def __init__(self, items: Iterable[Frame]) -> None:
        self._items = iter(items)
        self.count = 0

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        item = next(self._items)
        self.count += 1
        return item
