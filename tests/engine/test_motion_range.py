"""Motion between any two frames of a range."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.support.assets import NASA_ROTATED
from tests.support.fakes import frames, shift
from tests.support.pans import SIZE, encode, glide, pan, pixels_off, square
from warpseg import MotionRange, VideoError, open_video, read_motion
from warpseg.core.geometry import invert
from warpseg.types import Frame, MotionField

CELL = 4
STEPS = [(1, 8), (8, 1), (6, 2), (2, 6), (4, 5), (5, 4)]


def inner(cells: Tensor, velocity: tuple[float, float], steps: int) -> Tensor:
    """Leave out the cells at the borders whose content has not been in the frame all the way."""
    x, y = (int(abs(v * steps)) // CELL + 3 for v in velocity)
    return cells[..., y:-y, x:-x]


def box(x: int, y: int, width: int, height: int) -> Tensor:
    """Return the cells (h, w) that lie wholly in a rectangle."""
    rows, columns = (torch.arange(side // CELL) * CELL for side in SIZE)
    in_rows = (rows >= y) & (rows + CELL <= y + height)
    return in_rows[:, None] & (columns >= x) & (columns + CELL <= x + width)


# What motion there is


def test_a_frame_is_where_it_is() -> None:
    motions = read_motion(iter(pan((3, -2), 4)))
    for i in range(4):
        motion, hidden = motions.between(i, i)
        assert not motion.offsets.any()
        assert bool((motion.confidence == 1).all())
        assert not hidden.any()


def test_one_step_is_that_frames_own_field() -> None:
    with open_video(iter(square((4, 2), 5))) as video:
        found = list(video)
    motions = MotionRange(found)
    for before, now in itertools.pairwise(found):
        assert now.reverse is not None
        for i, j, field in ((now.index, before.index, now.motion), (before.index, now.index, now.reverse)):
            motion, _ = motions.between(i, j)
            torch.testing.assert_close(motion.offsets, field.offsets, atol=1e-6, rtol=0)
            assert motion.size == field.size


@pytest.mark.parametrize("options", [None, {}, {"bf": "0"}], ids=["estimate", "x264", "x264 bf=0"])
@pytest.mark.parametrize(("i", "j"), STEPS)
def test_a_pan_is_as_many_steps(tmp_path: Path, options: dict[str, str] | None, i: int, j: int) -> None:
    velocity, pictures = (3, -2), pan((3, -2), 9)
    motions = read_motion(iter(pictures) if options is None else encode(tmp_path / "pan.mp4", pictures, **options))
    motion, hidden = motions.between(i, j)
    off = pixels_off(motion, (3 * (i - j), -2 * (i - j)))
    assert float(inner(off, velocity, i - j).max()) < 0.01
    assert not inner(hidden, velocity, i - j).any()


@pytest.mark.parametrize("velocity", [(1.5, 0.75), (-0.5, 0.25)], ids=str)
@pytest.mark.parametrize(("i", "j"), STEPS)
def test_fractions_of_a_pixel_add_up(velocity: tuple[float, float], i: int, j: int) -> None:
    motion, hidden = read_motion(iter(glide(velocity, 9))).between(i, j)
    off = inner(pixels_off(motion, (velocity[0] * (i - j), velocity[1] * (i - j))), velocity, i - j)
    # Each step is off by 0.02 to 0.035 pixels, to the same side: the sum grows with their number.
    assert float(off.mean()) < 0.04 * abs(i - j)
    assert float((off < 0.5).float().mean()) > 0.99
    assert not inner(hidden, velocity, i - j).any()


def test_fields_are_chained_in_the_right_order() -> None:
    """Steps differ, and so does the way of each part of the frame."""
    size = (24, 36)
    steps = [(0, 0), (2, 1), (-3, 2), (1, -2), (4, 0)]
    made = [Frame(i, Fraction(i), size, shift(*steps[i], size)) for i in range(5)]
    motions = MotionRange(made)
    for i, j in itertools.product(range(5), repeat=2):
        x, y = (sum(step[axis] for step in steps[min(i, j) + 1 : max(i, j) + 1]) for axis in (0, 1))
        sign = 1 if i > j else -1
        motion, _ = motions.between(i, j)
        expected = shift(sign * x, sign * y, size).offsets
        torch.testing.assert_close(motion.offsets[:, 8:-8, 8:-8], expected[:, 8:-8, 8:-8], atol=1e-5, rtol=0)


def test_without_reverse_motion_is_turned_around() -> None:
    made = frames(3)
    motion, _ = MotionRange(made).between(0, 1)
    torch.testing.assert_close(motion.offsets, invert(made[1].motion).offsets, atol=1e-6, rtol=0)


def test_rotated_clips_move_as_displayed() -> None:
    motions = read_motion(NASA_ROTATED.path, max_frames=4)
    motion, hidden = motions.between(3, 0)
    height, width = NASA_ROTATED.size
    assert motion.size == hidden.shape == (height // 4, round(width / 4))
    with open_video(NASA_ROTATED.path, max_frames=4) as video:
        found = list(video)
    torch.testing.assert_close(motions.between(1, 0)[0].offsets, found[1].motion.offsets, atol=1e-6, rtol=0)


# What is hidden


@pytest.mark.parametrize(("i", "j"), [(1, 8), (8, 1), (6, 2), (2, 6)])
def test_what_has_left_the_frame_is_hidden(i: int, j: int) -> None:
    _, hidden = read_motion(iter(pan((3, -2), 9))).between(i, j)
    y, x = ((torch.arange(side // CELL) + 0.5) * CELL for side in SIZE)
    x, y = x + 3 * (i - j), y - 2 * (i - j)
    outside = ((x < 0) | (x > SIZE[1]))[None] | ((y < 0) | (y > SIZE[0]))[:, None]
    assert outside.any()
    assert bool(hidden[outside].all())


@pytest.mark.parametrize(("i", "j"), [(6, 2), (2, 6), (5, 4), (4, 5)])
@pytest.mark.parametrize("velocity", [(8, 0), (-4, 6), (4, 0)], ids=str)
def test_what_a_moving_thing_covers_is_hidden(velocity: tuple[int, int], i: int, j: int) -> None:
    _, hidden = read_motion(iter(square(velocity, start=56))).between(i, j)
    (x, y), (then_x, then_y) = ((56 + velocity[0] * k, 56 + velocity[1] * k) for k in (i, j))
    thing = box(x + 4, y + 4, 40, 40)
    covered = box(then_x, then_y, 48, 48) & ~box(x - 3, y - 3, 54, 54)
    around = box(min(x, then_x) - 12, min(y, then_y) - 12, 72 + abs(x - then_x), 72 + abs(y - then_y))
    assert covered.any()
    assert not hidden[thing].any()
    assert not hidden[~around].any()
    # Steps of a cell lead home almost as well where they should not: half of it was found at least, else 0.82.
    assert float(hidden[covered].float().mean()) >= (0.5 if velocity == (4, 0) else 0.8)


@pytest.mark.parametrize("cut", [2, 4, 7])
def test_nothing_is_seen_across_a_cut(cut: int) -> None:
    motions = read_motion(iter(pan((3, -2), cut, seed=1) + pan((3, -2), 8 - cut, seed=2)))
    for i, j in itertools.product(range(8), repeat=2):
        _, hidden = motions.between(i, j)
        if (i < cut) != (j < cut):
            assert bool(hidden.all()), (i, j)
        else:
            assert float(hidden.float().mean()) < 0.5, (i, j)


def test_where_the_size_changes_nothing_is_seen() -> None:
    motions = read_motion(iter(pan((2, 0), 3) + pan((2, 0), 3, size=(96, 128))))
    for i, j in ((1, 4), (4, 1)):
        motion, hidden = motions.between(i, j)
        assert bool(hidden.all())
        assert motion.size == hidden.shape == ((40, 56) if i == 1 else (24, 32))
    assert not motions.between(4, 3)[1][:, 4:-4].any()


def test_without_motion_everything_is_hidden() -> None:
    motions = read_motion(iter(pan((3, -2), 4)), motion="none")
    for i, j in ((3, 0), (0, 3)):
        motion, hidden = motions.between(i, j)
        assert not motion.offsets.any()
        assert bool(hidden.all())


# The range


@pytest.mark.parametrize("start", [0, 5])
def test_outside_of_the_range_is_an_error_that_names_it(tmp_path: Path, start: int) -> None:
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 12))
    motions = read_motion(path, start=start / 25, max_frames=4)
    assert (motions.first, motions.last, len(motions)) == (start, start + 3, 4)
    motions.between(start, start + 3)
    assert repr(motions) == f"MotionRange(frames {start} to {start + 3})"
    for i, j, name in ((start - 1, start, "i"), (start, start + 4, "j"), (start + 4, start, "i"), (start, -1, "j")):
        with pytest.raises(ValueError, match=f"^{name} is -?[0-9]+: the range holds frames {start} to {start + 3}$"):
            motions.between(i, j)


def test_the_first_frames_own_field_leads_out_of_the_range_and_is_never_used() -> None:
    made = frames(3)
    poison = Frame(0, Fraction(0), made[0].size, MotionField(torch.full((2, 6, 9), 5.0), torch.ones(6, 9)))
    clean, poisoned = MotionRange(made), MotionRange([poison, *made[1:]])
    for i, j in itertools.product(range(3), repeat=2):
        assert torch.equal(clean.between(i, j)[0].offsets, poisoned.between(i, j)[0].offsets)
        assert torch.equal(clean.between(i, j)[1], poisoned.between(i, j)[1])


@pytest.mark.parametrize("order", [(0, 2), (0, 1, 1), (3, 4, 3), (1, 0)])
def test_frames_must_be_consecutive(order: tuple[int, ...]) -> None:
    made = frames(5)
    with pytest.raises(ValueError, match=f"frame {order[-1]} follows frame {order[-2]}: frames must be consecutive"):
        MotionRange(made[i] for i in order)


def test_no_frames_are_no_range() -> None:
    with pytest.raises(ValueError, match="no frames: give at least one"):
        MotionRange([])


def test_arguments_and_errors_are_those_of_open_video(tmp_path: Path) -> None:
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 12))
    assert len(read_motion(path, start=0.12, end=0.32)) == 5
    assert read_motion(path, start=0.12, end=0.32, motion="codec").first == 3
    with pytest.raises(VideoError, match="no such file"):
        read_motion(tmp_path / "absent.mp4")
    with pytest.raises(ValueError, match="motion 'fast'"):
        read_motion(path, motion="fast")


def fields() -> list[MotionField]:
    gc.collect()
    return [thing for thing in gc.get_objects() if type(thing) is MotionField]


def test_two_fields_a_frame_are_all_that_is_kept() -> None:
    alive: list[weakref.ref[object]] = []

    def source() -> Iterator[NDArray[np.uint8]]:
        for picture in pan((2, 1), 30):
            copy = picture.copy()
            alive.append(weakref.ref(copy))
            yield copy

    def watched(video: Iterator[Frame]) -> Iterator[Frame]:
        for frame in video:
            alive.append(weakref.ref(frame))
            yield frame

    before = fields()  # of other tests; held, so that their ids stay theirs
    others = {id(field) for field in before}
    with open_video(source()) as video:
        motions = MotionRange(watched(video))
    del video
    kept = [field for field in fields() if id(field) not in others]
    assert len(alive) == 60
    assert not any(ref() is not None for ref in alive)  # neither pictures nor frames
    assert len(kept) == 2 * len(motions) == 60
    held = sum(t.untyped_storage().nbytes() for field in kept for t in (field.offsets, field.confidence))
    assert held == 2 * 30 * 3 * 4 * (SIZE[0] // CELL) * (SIZE[1] // CELL)  # float32; no larger buffer behind them
