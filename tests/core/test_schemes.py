"""The schemes against the paper transcribed independently, against known motion, and their promises to a stream."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.support.fakes import CountingNetwork, Reads, frame, frames, random_motion, shift
from warpseg.core import schemes
from warpseg.core.fusion import Fused, Fusion, MapFusion, average, maximum, maximum_literal
from warpseg.core.geometry import follow, invert, warp
from warpseg.core.propagation import Propagated, Propagation, Reverse, chained, composed, inverted, negated, searched
from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.networks import Network, ScoreSpace
from warpseg.types import Frame, MotionField

Scheme = Callable[[Iterable[Frame], SplitNetwork, int], Iterator[Estimate]]


def every_frame(video: Iterable[Frame], network: SplitNetwork, n: int) -> Iterator[Estimate]:
    return schemes.every_frame(video, network)


SCHEMES: dict[str, Scheme] = {
    "every": every_frame,
    "copy": schemes.copy_nearest,
    "propagate": schemes.propagate,
    "interpolate": schemes.interpolate,
}
PROPAGATIONS: dict[str, Propagation] = {"composed": composed, "chained": chained}
REVERSES: dict[str, Reverse] = {
    "searched": searched,
    "inverted": inverted,
    "negated": negated,
}

all_schemes = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
between_keyframes = pytest.mark.parametrize("scheme", list(SCHEMES.values())[1:], ids=list(SCHEMES)[1:])
propagations = pytest.mark.parametrize("propagation", PROPAGATIONS.values(), ids=PROPAGATIONS.keys())
reverses = pytest.mark.parametrize("reverse", REVERSES.values(), ids=REVERSES.keys())
CUTS: list[tuple[int, ...]] = [(), (2,), (5,), (1, 3), (3, 5), (7, 8), (11,)]


# Promises to a stream


@all_schemes
@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 11])
def test_one_estimate_a_frame_in_order(scheme: Scheme, count: int, n: int) -> None:
    video = frames(count)
    found = list(scheme(video, CountingNetwork(), n))
    assert [estimate.frame.index for estimate in found] == list(range(count))
    assert all(estimate.frame is given for estimate, given in zip(found, video, strict=True))


@all_schemes
@pytest.mark.parametrize("cuts", CUTS)
def test_one_estimate_a_frame_in_order_with_cuts(scheme: Scheme, cuts: tuple[int, ...]) -> None:
    assert [e.frame.index for e in scheme(frames(12, cuts), CountingNetwork(), 5)] == list(range(12))


@between_keyframes
@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 11])
def test_the_network_runs_on_keyframes_only_and_once_on_each(scheme: Scheme, count: int, n: int) -> None:
    network = CountingNetwork()
    for _ in scheme(frames(count), network, n):
        pass
    assert network.feature_calls == list(range(0, count, n))
    assert len(network.feature_calls) == -(-count // n)


def test_every_frame_runs_the_network_on_every_frame() -> None:
    network = CountingNetwork()
    assert [e.distance for e in schemes.every_frame(frames(7), network)] == [0] * 7
    assert network.feature_calls == list(range(7))


@between_keyframes
def test_copy_runs_the_task_once_a_keyframe_the_others_once_a_frame(scheme: Scheme) -> None:
    network = CountingNetwork()
    count = len(list(scheme(frames(11), network, 5)))
    assert network.task_calls == (3 if scheme is schemes.copy_nearest else count)


@all_schemes
def test_interval_one_is_the_network_bit_for_bit(scheme: Scheme) -> None:
    network = CountingNetwork()
    for estimate in scheme(frames(7, (3,)), network, 1):
        assert estimate.distance == 0
        assert torch.equal(estimate.scores, network.task(network.features(estimate.frame)))


@all_schemes
def test_keyframes_carry_the_networks_own_scores_bit_for_bit(scheme: Scheme) -> None:
    network = CountingNetwork()
    keys = [e for e in scheme(frames(11), network, 5) if e.frame.index % 5 == 0]
    for estimate in keys:
        assert torch.equal(estimate.scores, network.task(network.features(estimate.frame)))


def test_propagate_needs_no_later_frame() -> None:
    source = Reads(frames(12, (7,)))
    for i, estimate in enumerate(schemes.propagate(source, CountingNetwork(), 5)):
        assert source.count == i + 1
        assert estimate.frame.index == i


@pytest.mark.parametrize("scheme", [schemes.copy_nearest, schemes.interpolate])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_window_comes_once_its_next_keyframe_is_read(scheme: Scheme, n: int) -> None:
    source = Reads(frames(3 * n + 1))
    read = [source.count for _ in itertools.islice(scheme(source, CountingNetwork(), n), 3 * n)]
    assert read == [(i // n + 1) * n + 1 for i in range(3 * n)]


@all_schemes
def test_memory_does_not_grow_with_the_video(scheme: Scheme) -> None:
    n = 4
    alive: list[weakref.ref[Frame]] = []

    def video() -> Iterator[Frame]:
        for i in range(60):
            made = frame(i, random_motion(i))
            alive.append(weakref.ref(made))
            yield made

    most = 0
    for _ in scheme(video(), CountingNetwork(), n):
        gc.collect(0)
        most = max(most, sum(ref() is not None for ref in alive))
    assert most <= 2 * n + 1


@pytest.mark.parametrize("scheme", [schemes.copy_nearest, schemes.interpolate])
def test_distance_is_to_the_nearest_keyframe_that_counts(scheme: Scheme) -> None:
    def distances(*cuts: int) -> list[int]:
        return [e.distance for e in scheme(frames(13, cuts), CountingNetwork(), 5)]

    assert distances() == [0, 1, 2, 2, 1, 0, 1, 2, 2, 1, 0, 1, 2]
    assert distances(4) == [0, 1, 2, 3, 1, 0, 1, 2, 2, 1, 0, 1, 2]  # a cut before frame 4
    assert distances(5) == [0, 1, 2, 3, 4, 0, 1, 2, 2, 1, 0, 1, 2]  # at the keyframe: nothing behind it counts


def test_propagation_counts_from_the_last_keyframe() -> None:
    found = [e.distance for e in schemes.propagate(frames(12, (3,)), CountingNetwork(), 5)]
    assert found == [0, 1, 2, 0, 1, 0, 1, 2, 3, 4, 0, 1]


# The paper, transcribed on its own, with grid_sample as WARP


def WARP(f: Tensor, mv: Tensor) -> Tensor:  # noqa: N802 - the paper's name
    h, w = f.shape[-2:]
    mv = F.interpolate(mv[None], size=(h, w), mode="bilinear", align_corners=False)[0]
    y, x = torch.meshgrid((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w, indexing="ij")
    grid = 2 * torch.stack([x + mv[0], y + mv[1]], -1) - 1
    return F.grid_sample(f[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)[0]


def algorithm_1(F_: list[Frame], network: SplitNetwork, n: int) -> list[Tensor]:
    mv = [frame.motion.offsets for frame in F_]
    S, f_c = [], torch.empty(0)
    for i in range(len(F_)):
        if i % n == 0:
            f_i = network.features(F_[i])
            S.append(network.task(f_i))
        else:
            f_i = WARP(f_c, mv[i])
            S.append(network.task(f_i))
        f_c = f_i
    return S


def PROPAGATE(f: Tensor, n: int, g: list[Tensor]) -> list[Tensor]:  # noqa: N802 - the paper's name
    O = [f]  # noqa: E741 - the paper's letter
    for i in range(1, n + 1):
        O.append(WARP(O[i - 1], g[i]))
    return O


def algorithm_2(F_: list[Frame], network: SplitNetwork, n: int) -> list[Tensor]:
    """Lines 2 to 24, corrected: mv is not negated on line 9 but on line 10 (as in Algorithm 1, mv points backwards).

    Line 10 starts at the next keyframe's own motion, mv[i + n]; W_b[j] has been warped j steps. The last window has no
    next keyframe.
    """
    mv = [frame.motion.offsets for frame in F_]
    S: list[Tensor] = []
    W_f: list[Tensor] = []
    W_b: list[Tensor] | None = None
    for i in range(len(F_)):
        if i % n == 0:
            f_i = network.features(F_[i])
            S.append(network.task(f_i))
            steps = min(n, len(F_) - i) - 1
            W_f = PROPAGATE(f_i, steps, mv[i : i + n])
            W_b = None
            if i + n < len(F_):
                g = [torch.empty(0), *(-mv[i + n - j] for j in range(n - 1))]  # the first is not used (line 20)
                W_b = PROPAGATE(network.features(F_[i + n]), n - 1, g)
        else:
            p = i % n
            f_i = W_f[p] if W_b is None else (n - p) / n * W_f[p] + p / n * W_b[n - p]
            S.append(network.task(f_i))
    return S


@pytest.mark.parametrize("n", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("count", [1, 6, 13])
def test_algorithm_1_is_the_papers(count: int, n: int) -> None:
    video = frames(count)
    found = schemes.propagate(video, CountingNetwork(), n, propagation=chained)
    for estimate, S in zip(found, algorithm_1(video, CountingNetwork(), n), strict=True):
        torch.testing.assert_close(estimate.scores, S, atol=2e-4, rtol=0)


@pytest.mark.parametrize("n", [2, 3, 5, 20])
@pytest.mark.parametrize("count", [1, 6, 13])
def test_algorithm_2_is_the_papers(count: int, n: int) -> None:
    video = frames(count)
    found = schemes.interpolate(video, CountingNetwork(), n, propagation=chained, reverse=negated)
    for estimate, S in zip(found, algorithm_2(video, CountingNetwork(), n), strict=True):
        torch.testing.assert_close(estimate.scores, S, atol=2e-4, rtol=0)


def both_ways(video: Iterable[Frame], called: list[int] | None = None) -> list[Frame]:
    """Return the frames with a reverse motion that has nothing to do with their motion."""

    def reverse(index: int) -> MotionField:
        if called is not None:
            called.append(index)
        return random_motion(100 + index)

    return [replace(one, find_reverse=partial(reverse, one.index)) for one in video]


def test_defaults_are_composed_searched_and_averaged() -> None:
    video = both_ways(frames(11))
    stated = schemes.interpolate(video, CountingNetwork(), 5, fuse=average, propagation=composed, reverse=searched)
    for a, b in zip(schemes.interpolate(video, CountingNetwork(), 5), stated, strict=True):
        assert torch.equal(a.scores, b.scores)
    named = schemes.propagate(video, CountingNetwork(), 5, propagation=composed)
    for a, b in zip(schemes.propagate(video, CountingNetwork(), 5), named, strict=True):
        assert torch.equal(a.scores, b.scores)


def test_the_way_back_is_the_frames_own_reverse() -> None:
    for one in both_ways(frames(5)):
        assert searched(one) is one.reverse
        assert torch.equal(inverted(one).offsets, invert(one.motion).offsets)
        assert torch.equal(negated(one).offsets, -one.motion.offsets)
    own = schemes.interpolate(both_ways(frames(6)), CountingNetwork(), 5)
    without = schemes.interpolate(frames(6), CountingNetwork(), 5)
    for a, b in zip(own, without, strict=True):
        assert torch.equal(a.scores, b.scores) == (a.distance == 0)


def test_without_a_reverse_motion_is_inverted() -> None:
    for one in frames(5):
        assert one.reverse is None
        assert torch.equal(searched(one).offsets, invert(one.motion).offsets)
    turned = schemes.interpolate(frames(11), CountingNetwork(), 5, reverse=inverted)
    for a, b in zip(schemes.interpolate(frames(11), CountingNetwork(), 5), turned, strict=True):
        assert torch.equal(a.scores, b.scores)


def test_a_reverse_is_searched_only_where_it_is_wanted() -> None:
    called: list[int] = []
    list(schemes.propagate(both_ways(frames(8), called), CountingNetwork(), 4))
    list(schemes.copy_nearest(both_ways(frames(8), called), CountingNetwork(), 4))
    list(schemes.interpolate(both_ways(frames(8), called), CountingNetwork(), 4, reverse=negated))
    assert not called
    list(schemes.interpolate(both_ways(frames(11), called), CountingNetwork(), 5))
    assert called == [5, 4, 3, 2, 10, 9, 8, 7]  # from each keyframe back as far as its maps are wanted
    called.clear()
    list(schemes.interpolate(both_ways(frames(6, (4,)), called), CountingNetwork(), 5))
    assert called == [5]  # what lies before the cut is not reached


def test_composing_follows_the_newest_motion_first() -> None:
    video, network = frames(5), CountingNetwork()
    f = network.features(video[0])
    for p, estimate in enumerate(schemes.propagate(video, network, 5)):
        newest_first = [video[k].motion for k in range(p, 0, -1)]
        assert torch.equal(estimate.scores, network.task(warp(f, follow(newest_first, (12, 18)))))


# A pattern whose motion is known exactly: frame i shows world(x + position[i]), steps differ so that every index counts

WORLD_H, WORLD_W, H, W, EDGE = 96, 160, 32, 64, 12
STEPS = [(0, 0), (2, 1), (3, -1), (1, 2), (4, 0), (2, -2), (1, 1), (3, 0), (2, 2), (4, -1), (1, -2), (2, 0), (3, 1)]
POSITIONS = list(itertools.accumulate(STEPS, lambda a, b: (a[0] + b[0], a[1] + b[1])))


class Pan:
    """The network sees exactly what there is: its features are the world at the frame's position."""

    def __init__(self) -> None:
        noise = torch.randn(3, WORLD_H, WORLD_W, generator=torch.Generator().manual_seed(3))
        self.world = noise  # white: being off by one cell is as bad as being anywhere

    def features(self, frame: Frame) -> Tensor:
        x, y = POSITIONS[frame.index]
        return self.world[:, 20 + y : 20 + y + H, 20 + x : 20 + x + W]

    def task(self, f: Tensor) -> Tensor:
        return f


def pan(sign: int = 1, late: int = 0) -> list[Frame]:
    """Return the frames of the pan; ``sign`` and ``late`` falsify their motion."""
    steps = [STEPS[max(i - late, 0)] for i in range(len(STEPS))]
    return [frame(i, shift(sign * dx, sign * dy, (H, W))) for i, (dx, dy) in enumerate(steps)]


def errors(found: Iterable[Estimate]) -> list[float]:
    inner = (slice(None), slice(EDGE, -EDGE), slice(2 * EDGE, -2 * EDGE))
    return [float((e.scores - Pan().features(e.frame))[inner].abs().max()) for e in found]


@propagations
def test_algorithm_1_follows_known_motion_exactly(propagation: Propagation) -> None:
    assert max(errors(schemes.propagate(pan(), Pan(), 5, propagation=propagation))) == 0


@propagations
@reverses
def test_algorithm_2_follows_known_motion(propagation: Propagation, reverse: Reverse) -> None:
    found = errors(schemes.interpolate(pan(), Pan(), 5, propagation=propagation, reverse=reverse))
    assert max(found) < 1e-4


@propagations
@pytest.mark.parametrize("falsified", [{"sign": -1}, {"sign": 0}, {"late": 1}])
def test_wrong_motion_is_found_out(propagation: Propagation, falsified: dict[str, int]) -> None:
    one = errors(schemes.propagate(pan(**falsified), Pan(), 5, propagation=propagation))
    two = errors(schemes.interpolate(pan(**falsified), Pan(), 5, propagation=propagation))
    assert min(e for i, e in enumerate(one) if i % 5 > 1) > 1
    assert min(e for i, e in enumerate(two) if i % 5 > 1) > 1


def test_copying_does_not_follow() -> None:
    found = errors(schemes.copy_nearest(pan(), Pan(), 5))
    assert all((e == 0) == (i % 5 == 0) for i, e in enumerate(found))
    assert min(e for i, e in enumerate(found) if i % 5) > 1


@reverses
def test_backward_maps_alone_follow_known_motion(reverse: Reverse) -> None:
    """The backward chain by itself: fusion hides nothing of it."""

    backward = MapFusion("backward", lambda f, g, alpha: g)
    found = schemes.interpolate(pan(), Pan(), 5, fuse=backward, reverse=reverse)
    assert max(errors(found)) < 1e-4


@reverses
def test_composed_equals_chained_for_whole_cell_motion(reverse: Reverse) -> None:
    inner = (slice(None), slice(EDGE, -EDGE), slice(2 * EDGE, -2 * EDGE))
    one = schemes.interpolate(pan(), Pan(), 5, propagation=composed, reverse=reverse)
    other = schemes.interpolate(pan(), Pan(), 5, propagation=chained, reverse=reverse)
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a.scores[inner], b.scores[inner], atol=1e-4, rtol=0)


# Copying, and cuts


class Numbered:
    """Its scores are the frame's number, so that one sees what an estimate was made from."""

    def __init__(self) -> None:
        self.calls = 0

    def features(self, frame: Frame) -> Tensor:
        self.calls += 1
        return torch.full((2, 6, 9), float(frame.index))

    def task(self, f: Tensor) -> Tensor:
        return f


def made_from(found: Iterable[Estimate]) -> list[float]:
    values = []
    for estimate in found:
        assert estimate.scores.min() == estimate.scores.max()
        values.append(round(float(estimate.scores.mean()), 5))
    return values


def test_copy_shows_the_nearest_keyframe() -> None:
    assert made_from(schemes.copy_nearest(frames(8), Numbered(), 5)) == [0, 0, 0, 5, 5, 5, 5, 5]
    assert made_from(schemes.copy_nearest(frames(6), Numbered(), 4)) == [0, 0, 0, 4, 4, 4]  # the middle: the earlier


def test_interpolation_weighs_by_distance() -> None:
    assert made_from(schemes.interpolate(frames(8), Numbered(), 5)) == [0, 1, 2, 3, 4, 5, 5, 5]


@pytest.mark.parametrize("cut", range(1, 5))
@pytest.mark.parametrize("scheme", [schemes.copy_nearest, schemes.interpolate])
def test_no_blending_across_a_cut(scheme: Scheme, cut: int) -> None:
    network = Numbered()
    expected = [0.0] * cut + [5.0] * (5 - cut) + [5.0]
    assert made_from(scheme(frames(6, (cut,)), network, 5)) == expected
    assert network.calls == 2  # a single cut costs nothing


@pytest.mark.parametrize("scheme", [schemes.copy_nearest, schemes.interpolate])
def test_cuts_at_a_keyframe_twice_in_a_window_and_in_the_last_window(scheme: Scheme) -> None:
    assert made_from(scheme(frames(6, (5,)), Numbered(), 5)) == [0, 0, 0, 0, 0, 5]
    assert made_from(scheme(frames(6, (2, 4)), Numbered(), 5)) == [0, 0, 2, 2, 5, 5]
    assert made_from(scheme(frames(6, (3, 5)), Numbered(), 5)) == [0, 0, 0, 3, 3, 5]
    assert made_from(scheme(frames(9, (7,)), Numbered(), 5))[5:] == [5, 5, 7, 7]


def test_propagation_starts_anew_at_a_cut() -> None:
    network = Numbered()
    assert made_from(schemes.propagate(frames(12, (3, 10)), network, 5)) == [0, 0, 0, 3, 3, 5, 5, 5, 5, 5, 10, 10]
    assert network.calls == 4


@pytest.mark.parametrize("count", [2, 5, 6, 9])
@pytest.mark.parametrize("scheme", [schemes.copy_nearest, schemes.interpolate])
def test_extra_network_runs_are_only_for_scenes_without_a_keyframe(scheme: Scheme, count: int) -> None:
    for cuts in itertools.combinations(range(1, count), 2):
        network = CountingNetwork(2, 2, (3, 3))
        assert len(list(scheme(frames(count, cuts), network, 4))) == count
        keyless = sum(not any(a <= k < b for k in range(0, count, 4)) for a, b in itertools.pairwise((0, *cuts, count)))
        assert len(network.feature_calls) == -(-count // 4) + keyless
        assert len(set(network.feature_calls)) == len(network.feature_calls)


# Scores in place of features


def split(head: nn.Module, *, linear: bool = True) -> Network:
    """Return a network whose features are random but fixed by the frame's number, non-negative."""
    return _Fixed("fixed", nn.Identity(), head.eval(), linear)


class _Fixed(Network):
    def features(self, frame: Frame) -> Tensor:
        return torch.randn(64, 12, 18, generator=torch.Generator().manual_seed(frame.index)).relu()


def linear_head() -> nn.Conv2d:
    head = nn.Conv2d(64, 7, 1)
    g = torch.Generator().manual_seed(5)
    with torch.no_grad():
        head.weight.copy_(torch.randn(head.weight.shape, generator=g) / 8)
        assert head.bias is not None
        head.bias.copy_(3 * torch.randn(7, generator=g))
    return head


@propagations
def test_carrying_scores_equals_carrying_features_in_algorithm_1(propagation: Propagation) -> None:
    network = split(linear_head())
    of_scores = schemes.propagate(frames(9), ScoreSpace(network), 5, propagation=propagation)
    of_features = schemes.propagate(frames(9), network, 5, propagation=propagation)
    for a, b in zip(of_scores, of_features, strict=True):
        torch.testing.assert_close(a.scores, b.scores, atol=1e-5, rtol=0)


@propagations
@reverses
@pytest.mark.parametrize("cuts", [(), (3,)])
def test_carrying_scores_equals_carrying_features_in_an_average(
    propagation: Propagation, reverse: Reverse, cuts: tuple[int, ...]
) -> None:
    network = split(linear_head())
    of_scores = schemes.interpolate(frames(9, cuts), ScoreSpace(network), 5, propagation=propagation, reverse=reverse)
    of_features = schemes.interpolate(frames(9, cuts), network, 5, propagation=propagation, reverse=reverse)
    for a, b in zip(of_scores, of_features, strict=True):
        torch.testing.assert_close(a.scores, b.scores, atol=1e-5, rtol=0)


def test_carrying_scores_does_not_equal_carrying_features_in_a_maximum() -> None:
    network = split(linear_head())
    a = [e.scores for e in schemes.interpolate(frames(6), ScoreSpace(network), 5, fuse=maximum)]
    b = [e.scores for e in schemes.interpolate(frames(6), network, 5, fuse=maximum)]
    assert float((a[2] - b[2]).abs().max()) > 0.1


@pytest.mark.parametrize("fuse", [average, maximum, maximum_literal], ids=lambda fuse: fuse.name)
def test_every_fusion_reaches_the_intermediate_frames(fuse: Fusion) -> None:
    seen: list[tuple[int, int, float]] = []

    class Spy(MapFusion):
        def __call__(
            self, frame: Frame, forward: Propagated | None, backward: Propagated | None, alpha: float
        ) -> Fused:
            if forward is not None and backward is not None:
                seen.append((forward.steps, backward.steps, alpha))
            return fuse(frame, forward, backward, alpha)

    spy = Spy("spy", lambda f, g, alpha: f)
    assert len(list(schemes.interpolate(frames(8), CountingNetwork(), 5, fuse=spy))) == 8
    assert seen == [(1, 4, 4 / 5), (2, 3, 3 / 5), (3, 2, 2 / 5), (4, 1, 1 / 5)]
