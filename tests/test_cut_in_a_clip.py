"""A clip with a scene cut, from pictures to results: no window blends across it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from warpseg import Frame, open_video
from warpseg.core import schemes
from warpseg.synthetic import Street

FRAMES, SIZE = 13, (120, 160)


class Numbering:
    """A network that sees nothing but the number of its frame, so that results tell where they come from."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def features(self, frame: Frame) -> Tensor:
        self.calls.append(frame.index)
        return torch.full((1, 15, 20), float(frame.index))

    def task(self, f: Tensor) -> Tensor:
        return f


def street(seed: int, count: int) -> list[NDArray[np.uint8]]:
    return [frame.pixels for frame in Street(seed=seed, size=SIZE).frames(count)]


@pytest.fixture(scope="module")
def scenes() -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    return street(1, FRAMES), street(4, FRAMES)


def cut_clip(scenes: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]], cut: int) -> list[Frame]:
    before, after = scenes
    with open_video(iter(before[:cut] + after[: FRAMES - cut])) as video:
        return list(video)


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("cut", range(2, FRAMES))
def test_before_a_cut_the_previous_keyframe_counts_and_after_it_the_next(
    scenes: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]], cut: int, n: int
) -> None:
    network = Numbering()
    results = list(schemes.interpolate(cut_clip(scenes, cut), network, n))
    for i, result in enumerate(results):
        source = result.scores
        if i % n == 0 or (i == cut and i in network.calls):
            assert (source == i).all()
            continue
        previous, following = i - i % n, i - i % n + n
        if previous < cut <= i:  # the cut lies between the previous keyframe and this frame
            expected = following if following < FRAMES else cut
            assert (source == expected).all()
        elif i < cut <= following or following >= FRAMES:
            assert (source == (cut if previous < cut <= i else previous)).all()
        else:
            torch.testing.assert_close(source, torch.full_like(source, float(i)))  # the weights meet in the middle
    last = FRAMES - 1 - (FRAMES - 1) % n
    alone = last < cut  # only the last window's new scene has no keyframe after it
    assert len(network.calls) == -(-FRAMES // n) + alone


@pytest.mark.parametrize("cut", range(2, FRAMES))
def test_algorithm_1_does_not_carry_a_scene_into_the_next(
    scenes: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]], cut: int
) -> None:
    results = list(schemes.propagate(cut_clip(scenes, cut), Numbering(), 5))
    for i, result in enumerate(results):
        key = max(i - i % 5, cut if i >= cut else 0)
        assert (result.scores == key).all()
