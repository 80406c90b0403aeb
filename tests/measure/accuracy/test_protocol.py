"""The one protocol that all accuracy goes through: counted right, on the same frames at every distance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.support.fakes import CountingNetwork
from tests.support.fakes import frames as random_frames
from tests.support.labels import Labels, labels
from warpseg.core import schemes
from warpseg.core.schemes import Estimate
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.synthetic import Street
from warpseg.types import Classes, Frame, MotionField

STILL = MotionField.zero((4, 6))


def classes(count: int) -> Classes:
    return Classes(tuple(f"class {i}" for i in range(count)), ((0, 0, 0),) * count)


def still_frames(count: int, size: tuple[int, int], first: int = 0) -> list[Frame]:
    return [Frame(i, Fraction(i), size, STILL) for i in range(first, first + count)]


def one_hot(labels: Labels, count: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(labels.astype(np.int64)), count).permute(2, 0, 1).float()


@pytest.mark.parametrize(("n", "count"), [(1, 6), (2, 7), (5, 19), (5, 30)])
def test_every_distance_is_scored_on_the_same_target_frames(n: int, count: int) -> None:
    """The scheme writes into each result which frame it is of and how far from its keyframe."""
    first, kinds = 40, 64
    frames = still_frames(count, (2, 2), first)
    truth = {i: np.full((2, 2), i - first, np.uint8) for i in range(first, first + count) if i % 3}

    def encode_itself(frames: Iterable[Frame]) -> Iterator[Estimate]:
        for k, frame in enumerate(frames):
            code = np.array([[frame.index - first, 31 + k % n]] * 2, np.uint8)
            yield Estimate(frame, k % n, one_hot(code, kinds))

    scores = by_offset(frames, truth, encode_itself, n, classes(kinds))
    inside = [i for i in range(first + n - 1, first + count - n + 1) if i % 3]
    assert scores.frames == tuple(inside)
    assert scores.matrices.shape == (n, len(inside), kinds, kinds)
    for p in range(n):
        for t, i in enumerate(inside):
            expected = np.zeros((kinds, kinds), np.int64)
            expected[i - first, i - first] = expected[i - first, 31 + p] = 2  # both halves: the frame, its distance
            np.testing.assert_array_equal(scores.matrices[p, t], expected)


def test_only_the_windows_of_targets_are_run_and_a_margin_keeps_targets_the_same() -> None:
    frames, network = random_frames(40), CountingNetwork()
    truth = {i: labels(i, range(5), size=(48, 72)) for i in (3, 19, 37)}
    runs, seen = Remembering(network), list[tuple[int, int]]()

    def scheme(frames: Iterable[Frame]) -> Iterator[Estimate]:
        return schemes.interpolate(frames, runs, 4)

    scores = by_offset(
        frames, truth, scheme, 4, classes(5), margin=9, watch=lambda p, frame, labels: seen.append((p, frame))
    )
    assert scores.frames == (19,)
    assert sorted(seen) == [(p, 19) for p in range(4)]
    assert sorted(network.feature_calls) == list(range(16, 23))
    every = by_offset(frames, truth, scheme, 4, classes(5))
    assert every.frames == (3, 19)  # 37 has two frames after it
    np.testing.assert_array_equal(every.matrices[:, 1], scores.matrices[:, 0])
    with pytest.raises(ValueError, match=r"20 frames on either side.*interval 21"):
        by_offset(frames, truth, scheme, 4, classes(5), margin=20)


def test_too_few_frames_for_the_interval_are_named() -> None:
    frames = still_frames(8, (2, 2))
    truth = {i: np.zeros((2, 2), np.uint8) for i in range(8)}
    with pytest.raises(ValueError, match=r"8 frames.*interval 5"):
        by_offset(frames, truth, lambda f: schemes.every_frame(f, CountingNetwork()), 5, classes(5))


class Oracle:
    """A network that is always right, at full resolution."""

    def __init__(self, truth: dict[int, Labels], count: int) -> None:
        self.truth, self.count = truth, count

    def features(self, frame: Frame) -> torch.Tensor:
        return one_hot(self.truth[frame.index], self.count)

    def task(self, f: torch.Tensor) -> torch.Tensor:
        return f


def test_scoring_the_neighbouring_frame_fails() -> None:
    count, size = 14, (90, 120)
    street = [Street(seed=2, size=size, rate=15).still(i)[1] for i in range(count + 1)]
    truth = dict(enumerate(street[:count]))
    neighbour = dict(enumerate(street[1:]))
    oracle = Oracle(truth, 11)
    frames = still_frames(count, size)

    def every(f: Iterable[Frame]) -> Iterator[Estimate]:
        return schemes.every_frame(f, oracle)

    def copy(f: Iterable[Frame]) -> Iterator[Estimate]:
        return schemes.copy_nearest(f, oracle, 3)

    assert by_offset(frames, truth, every, 3, classes(11)).by_distance.tolist() == [1, 1, 1]
    assert by_offset(frames, neighbour, every, 3, classes(11)).by_distance.max() < 0.97
    copied = by_offset(frames, truth, copy, 3, classes(11)).by_distance
    assert copied[0] == 1
    assert copied[1:].max() < 0.97


def test_a_remembering_network_computes_each_frame_once_and_changes_nothing() -> None:
    frames, network = random_frames(16), CountingNetwork()
    truth = {i: labels(i, range(5), size=(48, 72)) for i in range(16)}
    plain = by_offset(frames, truth, lambda f: schemes.interpolate(f, network, 4), 4, classes(5))
    network.feature_calls.clear()
    runs = Remembering(network)
    remembered = by_offset(frames, truth, lambda f: schemes.interpolate(f, runs, 4), 4, classes(5))
    assert sorted(network.feature_calls) == list(range(16))
    np.testing.assert_array_equal(plain.matrices, remembered.matrices)
