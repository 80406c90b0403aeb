"""Which frames are keyframes, how windows divide a video, and who may look at whom across a cut."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import pytest

from tests.support.fakes import Reads, frames
from warpseg.core.keyframes import Window, chosen, offsets, windows
from warpseg.types import Frame


def alphas(window: Window) -> list[float]:
    """Return the forward weight at each offset: the paper's where both keyframes are seen, else 1 or 0."""
    found = [1.0]
    for p in range(1, window.n):
        to_key, to_next = window.to_keyframes(p)
        found.append(1.0 if to_next == math.inf else 0.0 if to_key == math.inf else to_next / (to_key + to_next))
    return found


CUTS: list[tuple[int, ...]] = [(), (1,), (4,), (5,), (2, 3), (1, 2, 3, 4), (6, 8), (5, 6), (9, 11, 12), (0,)]


def indices(window: Window) -> tuple[int, list[int], int | None]:
    next_key = None if window.next_key is None else window.next_key.index
    return window.key.index, [frame.index for frame in window.between], next_key


def divided(count: int, n: int, cuts: tuple[int, ...] = ()) -> list[tuple[int, list[int], int | None]]:
    return [indices(window) for window in windows(frames(count, cuts), n)]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 13])
def test_windows_concatenated_give_the_video_back(count: int, n: int, cuts: tuple[int, ...]) -> None:
    video = frames(count, cuts)
    again = [frame for window in windows(video, n) for frame in (window.key, *window.between)]
    assert [frame.index for frame in again] == list(range(count))
    assert all(a is b for a, b in zip(again, video, strict=True))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 11])
def test_keyframes_are_every_nth_frame(count: int, n: int) -> None:
    keys = [window.key.index for window in windows(frames(count), n)]
    assert keys == [i for i in range(count) if i % n == 0]
    assert [frame.index for p, frame in offsets(frames(count), n) if p == 0] == keys
    assert [p for p, _ in offsets(frames(count), n)] == [i % n for i in range(count)]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("n", [2, 5])
def test_each_next_key_is_the_key_of_the_window_after(n: int, cuts: tuple[int, ...]) -> None:
    found = list(windows(frames(13, cuts), n))
    for window, after in itertools.pairwise(found):
        assert window.next_key is None or window.next_key is after.key
    assert found[-1].next_key is None


@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_window_comes_once_its_next_keyframe_is_read(n: int) -> None:
    source = Reads(frames(3 * n + 1))
    for k, _ in enumerate(itertools.islice(windows(source, n), 3), 1):
        assert source.count == k * n + 1


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_forward_weights_are_the_papers(n: int) -> None:
    whole, last = windows(frames(2 * n), n)
    assert alphas(whole) == [(n - p) / n for p in range(n)]
    assert alphas(last) == [1.0] * n


def test_the_papers_example() -> None:
    window = next(windows(frames(6), 5))  # "when n = 5 and p = 1, we set alpha = 4/5"
    assert alphas(window)[1] == 4 / 5


@pytest.mark.parametrize("count", [6, 7, 9])
def test_the_last_window_has_what_is_left_and_no_next_keyframe(count: int) -> None:
    assert divided(count, 5) == [(0, [1, 2, 3, 4], 5), (5, list(range(6, count)), None)]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_before_a_cut_only_the_previous_keyframe_counts_and_after_it_only_the_next(cut: int) -> None:
    assert divided(11, 5, (cut,))[0] == (0, [1, 2, 3, 4], 5)
    first, second, _ = windows(frames(11, (cut,)), 5)
    assert alphas(first) == [1.0 if p < cut else 0.0 for p in range(5)]
    assert alphas(second) == [(5 - p) / 5 for p in range(5)]


def test_a_cut_at_the_next_keyframe_leaves_the_window_to_the_previous_one() -> None:
    first, second, _ = windows(frames(11, (5,)), 5)
    assert indices(first) == (0, [1, 2, 3, 4], 5)
    assert alphas(first) == [1.0] * 5
    assert alphas(second) == [(5 - p) / 5 for p in range(5)]


def test_a_scene_between_two_cuts_gets_a_keyframe_of_its_own() -> None:
    found = list(windows(frames(11, (2, 4)), 5))
    assert [indices(window) for window in found[:2]] == [(0, [1], None), (2, [3, 4], 5)]
    assert alphas(found[0]) == [1.0] * 2
    assert alphas(found[1]) == [1.0, 1.0, 0.0]


def test_a_cut_in_the_window_and_one_at_its_end_make_the_scene_between_a_window() -> None:
    found = list(windows(frames(11, (3, 5)), 5))
    assert [indices(window) for window in found[:2]] == [(0, [1, 2], None), (3, [4], 5)]
    assert alphas(found[1]) == [1.0] * 2


def test_a_cut_in_the_last_window_starts_another() -> None:
    assert divided(9, 5, (7,)) == [(0, [1, 2, 3, 4], 5), (5, [6], None), (7, [8], None)]
    assert divided(9, 5, (6, 7, 8))[1:] == [(5, [], None), (6, [], None), (7, [], None), (8, [], None)]


def test_without_later_frames_a_cut_is_a_keyframe() -> None:
    assert [p for p, _ in offsets(frames(12, (3, 7)), 5)] == [0, 1, 2, 0, 1, 0, 1, 0, 1, 2, 0, 1]


def scenes(video: list[Frame]) -> list[int]:
    return list(itertools.accumulate(int(frame.cut and frame.index > 0) for frame in video))


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("cuts", [tuple(c) for k in range(4) for c in itertools.combinations(range(1, 9), k)][::3])
def test_no_frame_looks_across_a_cut(cuts: tuple[int, ...], n: int) -> None:
    video = frames(9, cuts)
    scene = scenes(video)
    for window in windows(video, n):
        for frame, alpha in zip(window.between, alphas(window)[1:], strict=True):
            if alpha > 0:
                assert scene[frame.index] == scene[window.key.index]
            if alpha < 1:
                assert window.next_key is not None
                assert scene[frame.index] == scene[window.next_key.index]
    last = None
    for p, frame in offsets(video, n):
        last = frame if p == 0 else last
        assert last is not None
        assert scene[last.index] == scene[frame.index]


class Third:
    """A policy that would begin with the fourth frame."""

    look_ahead, longest = 0, 5

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        return lambda frame, following: frame.index % 5 == 3


def test_the_first_frame_is_a_keyframe_whatever_the_policy_says() -> None:
    found = list(windows(frames(10), Third()))
    assert [window.key.index for window in found] == [0, 3, 8]
    assert sum(1 + len(window.between) for window in found) == 10
    assert [p for p, _ in offsets(frames(10), Third())] == [0, 1, 2, 0, 1, 2, 3, 4, 0, 1]


class Foresees:
    """A policy that notes which frames it is shown, and takes the last one."""

    longest = 100

    def __init__(self, look_ahead: int) -> None:
        self.look_ahead = look_ahead
        self.shown: list[list[int]] = []

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        def is_key(frame: Frame, following: Sequence[Frame]) -> bool:
            self.shown.append([frame.index, *(after.index for after in following)])
            return not following

        return is_key


@pytest.mark.parametrize("look_ahead", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 6])
def test_a_policy_is_shown_the_frames_that_it_wants_to_know(count: int, look_ahead: int) -> None:
    policy = Foresees(look_ahead)
    found = list(chosen(frames(count), policy))
    assert [frame.index for frame, _ in found] == list(range(count))
    assert [frame.index for frame, is_key in found if is_key] == ([0, count - 1] if count > 1 else [0][:count])
    assert policy.shown == [list(range(i, min(i + look_ahead + 1, count))) for i in range(count)]


@pytest.mark.parametrize("look_ahead", [0, 1, 3])
def test_no_more_is_read_than_the_policy_wants_to_know(look_ahead: int) -> None:
    source = Reads(frames(20))
    for i, _ in enumerate(itertools.islice(chosen(source, Foresees(look_ahead)), 10)):
        assert source.count == i + 1 + look_ahead


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_motion_reaches_exactly_the_frames_that_see_a_keyframe(n: int, cuts: tuple[int, ...]) -> None:
    for window in windows(frames(13, cuts), n):
        motions = [frame.motion for frame in window.between]
        reach = [window.to_keyframes(p) for p in range(1, window.n)]
        forward, backward = window.forward, window.backward(lambda frame: frame.motion)
        assert len(forward) == sum(to_key < math.inf for to_key, _ in reach)
        assert all(a is b for a, b in zip(forward, motions, strict=False))
        assert len(backward) == sum(to_next < math.inf for _, to_next in reach)
        led = [window.next_key.motion, *motions[::-1]] if window.next_key else []
        assert all(a is b for a, b in zip(backward, led, strict=False))
