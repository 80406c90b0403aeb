"""Clips without video that know how many of their frames are held, and a network that scores them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.support.fakes import random_motion
from warpseg.datasets.clip import Clip, LabelFiles
from warpseg.networks import Network
from warpseg.types import Frame, MotionField

SIZE = (16, 24)
MARGIN = 4
CLASSES = 4


class Alive:
    """Makes frames with pixels and knows how many of them are held, and how many pictures, at most."""

    def __init__(self) -> None:
        self.frames: weakref.WeakSet[Frame] = weakref.WeakSet()
        self.most = self.loaded = 0

    def clip(self, count: int, labels: LabelFiles) -> Clip:
        alive = self

        class Fake(Clip):
            def frames(self, *_: object, **__: object) -> Iterator[Frame]:  # type: ignore[override]
                for i in range(count):
                    motion = random_motion(i, (4, 6)) if i else MotionField.zero((4, 6), confidence=0.0)
                    load = lambda i=i: alive.pixels(i)  # noqa: E731
                    frame = Frame(i, Fraction(i, 25), SIZE, motion, motion_source="estimate", load=load)
                    alive.frames.add(frame)
                    alive.most = max(alive.most, len(alive.frames))
                    yield frame

        return Fake("fake", labels, lambda: Path("fake"), "mark", known_count=count)

    def pixels(self, i: int) -> NDArray[np.uint8]:
        self.loaded += 1
        return np.random.default_rng(i).integers(0, 255, (*SIZE, 3), np.uint8)


def network() -> Network:
    def scores(rgb: torch.Tensor) -> torch.Tensor:
        cells = torch.nn.functional.adaptive_avg_pool2d(rgb, (4, 6))
        return torch.cat([cells, 1.5 - cells.sum(1, keepdim=True)], 1)

    return Network("fake", scores, torch.nn.Identity(), True, shows_features=False)


def labels_of(folder: Path, numbers: Sequence[int]) -> LabelFiles:
    folder.mkdir(exist_ok=True)
    for i in numbers:
        values = np.random.default_rng(1000 + i).integers(0, CLASSES, SIZE, np.uint8)
        Image.fromarray(values).save(folder / f"{i}.png")
    return LabelFiles({i: folder / f"{i}.png" for i in numbers})
