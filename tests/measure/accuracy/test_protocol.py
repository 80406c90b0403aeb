"""The one protocol that all accuracy goes through: counted right, on the same frames at every distance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.support.fakes import CountingNetwork
from tests.support.fakes import frames as random_frames
from warpseg.core import schemes
from warpseg.core.schemes import Estimate
from warpseg.datasets.camvid import camvid
from warpseg.measure.accuracy.metrics import confusion, iou, mean_iou
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.measure.accuracy.results import (
    Scores,
    average,
    average_retention,
    bounds,
    difference,
    worst,
    worst_retention,
)
from warpseg.synthetic import Street
from warpseg.types import Classes, Frame, MotionField

Labels = NDArray[np.uint8]
STILL = MotionField.zero((4, 6))


def classes(count: int) -> Classes:
    return Classes(tuple(f"class {i}" for i in range(count)), ((0, 0, 0),) * count)


def labels(seed: int, used: Iterable[int], void: float = 0.0, size: tuple[int, int] = (14, 17)) -> Labels:
    random = np.random.default_rng(seed)
    found = random.choice(np.array(list(used), np.uint8), size)
    found[random.random(size) < void] = 255
    return found


def independent_iou(pairs: list[tuple[Labels, Labels]], count: int) -> list[float | None]:
    """Count pixel by pixel, in sets: nothing in common with the implementation but the definition."""
    shares: list[float | None] = []
    for c in range(count):
        both = either = 0
        for truth, predicted in pairs:
            for t, p in zip(truth.ravel().tolist(), predicted.ravel().tolist(), strict=True):
                if t != 255:
                    both += t == c and p == c
                    either += t == c or p == c
        shares.append(both / either if either else None)
    return shares


@pytest.mark.parametrize("seed", range(5))
def test_mean_iou_is_that_of_an_independent_count(seed: int) -> None:
    count = 7
    true, predicted = {0, 1, 2, 5}, {0, 2, 3, 5}  # 1 is never found, 3 never true, 4 and 6 occur nowhere
    pairs = [(labels(10 * seed + k, true, void=0.2), labels(100 + 10 * seed + k, predicted)) for k in range(3)]
    matrix = np.sum([confusion(t, p, count) for t, p in pairs], 0)
    expected = independent_iou(pairs, count)
    assert [None if np.isnan(share) else share for share in iou(matrix)] == pytest.approx(expected)
    assert expected[4] is None
    assert expected[1] == expected[3] == 0
    found = [share for share in expected if share is not None]
    assert float(mean_iou(matrix)) == pytest.approx(sum(found) / len(found))


def test_all_void_is_no_score_and_leading_axes_are_kept() -> None:
    nothing = confusion(np.full((4, 5), 255, np.uint8), np.zeros((4, 5), np.uint8), 3)
    assert nothing.sum() == 0
    assert np.isnan(mean_iou(nothing))
    some = confusion(labels(1, range(3)), labels(2, range(3)), 3)
    stacked = np.stack([np.stack([some, nothing]), np.stack([nothing, 5 * some])])
    assert mean_iou(stacked).shape == (2, 2)
    assert mean_iou(stacked)[0, 0] == mean_iou(stacked)[1, 1] == mean_iou(some)


def test_labels_out_of_range_and_other_sizes_are_named() -> None:
    fine = np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match="true label 12"):
        confusion(np.full((4, 5), 12, np.uint8), fine, 11)
    with pytest.raises(ValueError, match="predicted label 11"):
        confusion(fine, np.full((4, 5), 11, np.uint8), 11)
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(5, 4\)"):
        confusion(fine, fine.T.copy(), 11)


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


def made_up(n: int = 4, targets: int = 45, count: int = 5, seed: int = 0) -> Scores:
    """Return scores that fall with the distance and differ from frame to frame."""
    random = np.random.default_rng(seed)
    matrices = random.integers(0, 40, (n, targets, count, count))
    hits = random.integers(150, 400, (1, targets, count)) - 30 * np.arange(n)[:, None, None]
    matrices[..., range(count), range(count)] += hits
    return Scores(tuple(range(targets)), matrices)


def test_readings_are_what_they_say() -> None:
    scores = made_up()
    by_hand = [float(mean_iou(matrices.sum(0))) for matrices in scores.matrices]
    assert list(scores.by_distance) == by_hand
    assert scores.every_frame == by_hand[0]
    assert scores.average == pytest.approx(sum(by_hand[1:]) / 3)
    assert scores.average_with_keyframes == pytest.approx(sum(by_hand) / 4)
    assert scores.worst == min(by_hand[1:])
    assert scores.pooled == float(mean_iou(scores.matrices.reshape(-1, 5, 5).sum(0)))
    assert scores.average_retention == pytest.approx(scores.average / by_hand[0])
    assert scores.worst_retention == pytest.approx(scores.worst / by_hand[0])


def test_interval_1_keeps_everything() -> None:
    scores = made_up(n=1)
    assert scores.average == scores.worst == scores.pooled == scores.every_frame
    assert scores.average_retention == scores.worst_retention == 1


@pytest.mark.parametrize("reading", [average, worst, average_retention, worst_retention])
@pytest.mark.parametrize("seed", range(3))
def test_bootstrap_intervals_contain_the_estimate(reading: object, seed: int) -> None:
    scores = made_up(seed=seed)
    assert callable(reading)
    low, high = bounds(reading(scores.resampled()))
    assert low < float(reading(scores.by_distance)) < high


def test_bootstrap_is_degenerate_where_all_frames_are_the_same() -> None:
    one = made_up(targets=1)
    same = Scores(tuple(range(30)), np.repeat(one.matrices, 30, 1))
    drawn = same.resampled()
    np.testing.assert_allclose(drawn, np.broadcast_to(one.by_distance, drawn.shape), rtol=1e-12)


def test_bootstrap_is_a_function_of_its_seed_and_pairs_scores_of_the_same_targets() -> None:
    scores = made_up()
    np.testing.assert_array_equal(scores.resampled(seed=3), scores.resampled(seed=3))
    assert (scores.resampled(seed=3) != scores.resampled(seed=4)).any()
    twice = Scores(scores.frames, 2 * scores.matrices)
    np.testing.assert_allclose(twice.resampled(), scores.resampled(), rtol=1e-12)


def test_differences_are_paired() -> None:
    scores = made_up()
    assert difference(scores, scores, worst) == (0, 0, 0)
    worse = scores.matrices.copy()
    worse[1:, :, 0, 1] += 20  # on every frame alike
    value, low, high = difference(Scores(scores.frames, worse), scores, average_retention)
    alone_low, alone_high = bounds(average_retention(scores.resampled()))
    assert low < value < high < 0
    assert high - low < (alone_high - alone_low) / 2
    with pytest.raises(ValueError, match="different target frames"):
        difference(scores, Scores(scores.frames[1:], scores.matrices[:, 1:]), average)


def test_neighbouring_frames_are_drawn_together() -> None:
    """Where blocks agree inside and differ from each other, drawing single frames would promise too much."""
    kinds = made_up(targets=6)
    scores = Scores(tuple(range(60)), np.repeat(kinds.matrices, 10, 1))
    low, high = bounds(average(scores.resampled(block=10)))
    narrow_low, narrow_high = bounds(average(scores.resampled(block=1)))
    assert high - low > 2 * (narrow_high - narrow_low)


def test_fewer_targets_than_two_blocks_are_named() -> None:
    with pytest.raises(ValueError, match="19 target frames"):
        made_up(targets=19).resampled(block=10)


def test_a_summary_has_percentages_and_intervals_around_them() -> None:
    scores = made_up()
    summary = scores.summary()
    assert summary["average"] == 100 * scores.average
    assert summary["worst_retention"] == 100 * scores.worst_retention
    assert summary["by_distance"] == [100 * value for value in scores.by_distance[1:].tolist()]
    assert summary["targets"] == 45
    for name in ("average", "worst", "average_retention", "worst_retention"):
        low, high = summary[f"{name}_interval"]
        assert low < summary[name] < high


def test_camvid_is_read_with_void_as_255(tmp_path: Path) -> None:
    for folder in ("val", "valannot"):
        (tmp_path / folder).mkdir()
    for i, name in enumerate(("b.png", "a.png")):
        Image.fromarray(np.full((4, 6, 3), 50 * i, np.uint8)).save(tmp_path / "val" / name)
        Image.fromarray(np.array([[i, 10, 11]], np.uint8)).save(tmp_path / "valannot" / name)
    drive = camvid(tmp_path)
    assert [int(picture.max()) for picture in drive.pictures] == [50, 0]  # by name
    assert [drive.labels[i].tolist() for i in range(2)] == [[[1, 10, 255]], [[0, 10, 255]]]
    with pytest.raises(FileNotFoundError, match="valannot"):
        camvid(tmp_path / "elsewhere")
