"""Keyframes where they are needed: at cuts, sooner under fast motion, at a pace, never later than allowed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.pans import pan, texture
from warpseg import Frame, Segmenter, open_video
from warpseg.core.adaptive import Adaptive, distrust, frames_per_second, keyframes_per_second
from warpseg.core.keyframes import offsets, windows
from warpseg.engine.memory import Bounds
from warpseg.engine.pipeline import Threads

Picture = NDArray[np.uint8]
SIZE = (120, 160)


def read(pictures: list[Picture]) -> list[Frame]:
    with open_video(iter(pictures)) as video:
        return list(video)


def keys(frames: list[Frame], policy: Adaptive) -> list[int]:
    """Return the keyframes' numbers, which both algorithms see alike."""
    found = [window.key.index for window in windows(frames, policy)]
    assert found == [frame.index for p, frame in offsets(frames, policy) if p == 0]
    return found


def still(count: int) -> list[Picture]:
    return [np.repeat(texture(SIZE).astype(np.uint8)[:, :, None], 3, 2)] * count


@pytest.fixture(scope="module")
def calm_and_fast() -> list[Frame]:
    """Twenty frames of a slow pan, twenty of a fast one that brings new content in all the time."""
    return read(pan((1, 0), 20, size=SIZE, seed=1) + pan((9, 0), 20, size=SIZE, seed=1))


def test_fast_motion_gets_more_keyframes_than_slow(calm_and_fast: list[Frame]) -> None:
    found = keys(calm_and_fast, Adaptive(0.3, closes=False))
    slow, fast = sum(i < 20 for i in found), sum(i > 20 for i in found)
    assert fast >= 2 * slow


def test_a_keyframe_comes_when_the_distrust_since_the_last_one_passes_the_limit(calm_and_fast: list[Frame]) -> None:
    frames, limit = calm_and_fast[20:], 0.5
    noise = min(1 - float(frame.motion.confidence.mean()) for frame in frames[1:])
    second = keys(frames, Adaptive(limit))[1]
    beyond = [distrust(frames[p], frames[0], [frame.motion for frame in frames[p:0:-1]]) - noise for p in range(1, 20)]
    first_over = next(p for p, total in enumerate(np.cumsum(beyond), 1) if total >= limit)
    assert second - 20 == first_over


def test_distrust_grows_with_the_distance(calm_and_fast: list[Frame]) -> None:
    fast = calm_and_fast[20:]
    grown = [distrust(fast[p], fast[0], [frame.motion for frame in fast[p:0:-1]]) for p in (1, 4, 8, 12)]
    assert grown == sorted(grown)
    assert grown[0] < 0.2 < grown[-1]


def test_without_pictures_the_motions_confidence_counts(calm_and_fast: list[Frame]) -> None:
    bare = [replace(frame, plane=None) for frame in calm_and_fast[:3]]
    assert 0 <= distrust(bare[1], bare[0], [bare[1].motion]) < 0.2


@pytest.mark.parametrize("longest", [1, 4, 9])
def test_no_window_is_longer_than_the_longest(longest: int) -> None:
    assert keys(read(still(20)), Adaptive(longest=longest)) == list(range(0, 20, longest))
    assert Adaptive(longest=longest).longest == longest


def test_a_cut_is_a_keyframe() -> None:
    frames = read(pan((1, 0), 9, size=SIZE, seed=1) + pan((0, 1), 9, size=SIZE, seed=2))
    assert [frame.index for frame in frames if frame.cut] == [9]
    assert 9 in keys(frames, Adaptive())


@pytest.mark.parametrize("rate", [1.0, 2.5, 5.0])
def test_a_pace_is_kept_on_average(calm_and_fast: list[Frame], rate: float) -> None:
    """At 25 frames a second, over slow and fast motion together and for a still picture alike."""
    many = [*calm_and_fast] * 4
    renumbered = read([frame.pixels for frame in many])
    seconds = float(renumbered[-1].time - renumbered[0].time)
    found = len(keys(renumbered, Adaptive(pace=keyframes_per_second(rate))))
    cuts = sum(frame.cut for frame in renumbered)
    assert rate * seconds / 2 <= found <= 1.5 * rate * seconds + cuts + 1
    frozen = read(still(100))
    assert len(keys(frozen, Adaptive(pace=keyframes_per_second(rate)))) >= rate * 4 / 2 - 1


def test_paces_ask_for_more_or_less() -> None:
    assert keyframes_per_second(2)(0.5, 15, 0.0) == pytest.approx(1)
    assert keyframes_per_second(2)(0.25, 8, 0.0) == pytest.approx(2)  # too soon: twice as much should lie between
    assert frames_per_second(30)(0.5, 15, 0.5) == pytest.approx(1)
    assert frames_per_second(30)(0.5, 15, 1.0) == pytest.approx(2)  # too slow: fewer keyframes


def test_the_same_frames_give_the_same_keyframes(calm_and_fast: list[Frame]) -> None:
    policy = Adaptive(0.5)
    assert keys(calm_and_fast, policy) == keys(calm_and_fast, policy)


def test_a_video_ends_with_a_keyframe_where_the_last_ones_would_be_left_with_one_side(
    calm_and_fast: list[Frame],
) -> None:
    fast = calm_and_fast[20:]
    left, closed = Adaptive(0.5, closes=False), Adaptive(0.5)
    second = keys(fast, left)[1]
    shortened = fast[: second - 20]  # ends just before that keyframe
    assert keys(shortened, left) == [20]
    assert keys(shortened, closed) == [20, second - 1]
    assert keys(fast[:2], closed) == [20]  # next to nothing is gained there
    assert keys(read(still(20)), closed) == [0]
    assert (left.look_ahead, closed.look_ahead, Adaptive(longest=1).look_ahead) == (0, 1, 0)


def test_a_keyframe_waits_a_frame_for_an_i_frame_where_that_costs_next_to_nothing(calm_and_fast: list[Frame]) -> None:
    slow = read(pan((1, 0), 40, size=SIZE, seed=1))

    def moved(frames: list[Frame], limit: float, later: int) -> int:
        """Return by how much the second keyframe moves if the frame so much later than it is an I-frame."""
        second = keys(frames, Adaptive(limit))[1]
        at = second - frames[0].index + later
        marked = [replace(frame, picture="I") if i == at else frame for i, frame in enumerate(frames)]
        return keys(marked, Adaptive(limit))[1] - second

    noise = min(1 - float(frame.motion.confidence.mean()) for frame in slow[1:])
    beyond = [distrust(slow[p], slow[0], [frame.motion for frame in slow[p:0:-1]]) - noise for p in range(1, 26)]
    limit = float(np.sum(beyond)) - 1e-3
    assert moved(slow, limit, 1) == 1
    assert moved(slow, limit, 2) == 0
    assert moved(calm_and_fast[20:], 0.2, 1) == 0  # a few frames hold it all there
    second = keys(slow, Adaptive(limit))[1]
    cut = [replace(frame, picture="I", cut=True) if frame.index == second + 1 else frame for frame in slow]
    assert keys(cut, Adaptive(limit))[:3] == [0, second, second + 1]
    intra = [replace(frame, picture="I") for frame in slow]
    assert keys(intra, Adaptive(limit)) == keys(slow, Adaptive(limit))


def test_only_interpolation_asks_for_a_keyframe_at_the_end() -> None:
    for scheme, look_ahead in (("propagate", 0), ("interpolate", 1)):
        segmenter = Segmenter("camvid", interval="auto", scheme=scheme, device="cpu")
        assert segmenter.method.policy.look_ahead == look_ahead
        given = Segmenter("camvid", interval=Adaptive(2.0), scheme=scheme, device="cpu")
        assert given.method.policy.look_ahead == look_ahead
    assert Segmenter("camvid", interval=Adaptive(closes=False), device="cpu").method.policy.look_ahead == 0


class Shade(torch.nn.Module):
    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        grey = torch.nn.functional.avg_pool2d(rgb.mean(1, keepdim=True), 8)
        return torch.cat([grey, 0.5 * torch.ones_like(grey)], 1)


@pytest.mark.parametrize("batch", [1, 3])
def test_keyframes_run_ahead_are_those_of_the_plain_scheme(calm_and_fast: list[Frame], batch: int) -> None:
    policy, fast = Adaptive(0.2), calm_and_fast[20:]
    closed = next(k for k in range(8, 20) if keys(fast[:k], policy) != keys(fast[:k], replace(policy, closes=False)))
    frames = fast[:closed]
    segmenter = Segmenter(Shade(), interval=policy, device="cpu", batch=batch)
    plain = list(segmenter.estimates(frames, segmenter.representation.network))
    with closing(Threads()) as pipeline:
        found = list(segmenter.segment(frames, pipeline=pipeline, bounds=Bounds(batch=batch)))
    assert [result.frame.index for result in found] == [one.frame.index for one in plain]
    assert [result.is_key for result in found] == [one.distance == 0 for one in plain]
    assert sum(result.is_key for result in found) > 2
    assert found[-1].is_key  # the end is closed
    for result, one in zip(found, plain, strict=True):
        assert torch.equal(result.scores, one.scores)


def test_the_segmenter_takes_auto(calm_and_fast: list[Frame]) -> None:
    segmenter = Segmenter(Shade(), interval="auto", device="cpu")
    assert segmenter.delay == 31  # the longest window, and one frame that tells whether the video ends
    results = list(segmenter.stream([frame.pixels for frame in calm_and_fast]))
    assert [result.frame.index for result in results] == list(range(40))
    found = [result.frame.index for result in results if result.is_key]
    assert found[0] == 0
    assert 2 < len(found) < 30
    for result in results:
        assert result.confidence is not None
        assert 0 <= float(result.confidence.min()) <= float(result.confidence.max()) <= 1


def test_other_intervals_are_refused() -> None:
    for wrong in ("often", 0, -3, 2.5):
        with pytest.raises(ValueError, match="expected a whole number of frames"):
            Segmenter("camvid", interval=wrong)  # type: ignore[arg-type]
