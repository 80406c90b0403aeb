"""Synthetic streets: repeatable, complete, with motion true to the pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from warpseg.synthetic import CLASSES, Street, StreetFrame, training_frames

SMALL = (90, 121)


def drive(street: Street, first: int, count: int) -> list[StreetFrame]:
    return [street.frame(index) for index in range(first, first + count)]


def sample(image: NDArray[np.generic], motion: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return image (H, W, C) bilinearly sampled at p + motion."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(float)
    x = np.clip(columns + motion[0] * width, 0, width - 1)
    y = np.clip(rows + motion[1] * height, 0, height - 1)
    j, i = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    fx, fy = (x - j)[..., None], (y - i)[..., None]
    values = image.astype(float)
    top = values[i, j] * (1 - fx) + values[i, j + 1] * fx
    bottom = values[i + 1, j] * (1 - fx) + values[i + 1, j + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


def interior(labels: NDArray[np.uint8], motion: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where neither the class nor the motion changes within two pixels: away from silhouettes."""
    inside = np.ones(labels.shape, bool)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            shift = (dy, dx)
            inside &= np.roll(labels, shift, (0, 1)) == labels
            step = np.roll(motion, shift, (1, 2)) - motion
            inside &= np.abs(step * np.array(labels.shape[::-1]).reshape(2, 1, 1)).max(0) < 1.0
    inside[:2] = inside[-2:] = False
    inside[:, :2] = inside[:, -2:] = False
    return inside


def test_same_seed_gives_identical_frames() -> None:
    drives = (drive(Street(seed=4, size=SMALL), 30, 3) for _ in range(2))
    for one, two in zip(*drives, strict=True):
        np.testing.assert_array_equal(one.pixels, two.pixels)
        np.testing.assert_array_equal(one.labels, two.labels)
        np.testing.assert_array_equal(one.motion, two.motion)
        np.testing.assert_array_equal(one.visible, two.visible)


def test_different_seeds_give_different_streets() -> None:
    one, two = Street(seed=1, size=SMALL).frame(0), Street(seed=2, size=SMALL).frame(0)
    assert (one.pixels != two.pixels).mean() > 0.5
    assert (one.labels != two.labels).mean() > 0.05


def test_frames_in_order_equal_frames_by_index() -> None:
    street = Street(seed=7, size=SMALL, start=50.0)
    for index, frame in enumerate(street.frames(4)):
        alone = street.frame(index)
        assert frame.index == alone.index == index
        for name in ("pixels", "labels", "motion", "visible"):
            np.testing.assert_array_equal(getattr(frame, name), getattr(alone, name))


def test_shapes_types_and_first_frame() -> None:
    frame = Street(seed=3, size=SMALL).frame(0)
    assert (frame.pixels.shape, str(frame.pixels.dtype)) == ((*SMALL, 3), "uint8")
    assert (frame.labels.shape, str(frame.labels.dtype)) == (SMALL, "uint8")
    assert (frame.motion.shape, str(frame.motion.dtype)) == ((2, *SMALL), "float32")
    assert (frame.visible.shape, str(frame.visible.dtype)) == (SMALL, "bool")
    assert not frame.motion.any()
    assert not frame.visible.any()


def test_every_class_appears_over_a_drive() -> None:
    seen = np.zeros(256, int)
    for seed in (1, 2):
        street = Street(seed=seed, size=(120, 160))
        for index in range(0, 900, 60):
            seen += np.bincount(street.still(index)[1].ravel(), minlength=256)
    assert (seen[: len(CLASSES)] > 20).all(), dict(zip(CLASSES, seen, strict=False))
    assert seen[len(CLASSES) :].sum() == 0


@pytest.mark.parametrize("seed", [1, 4, 11])
def test_true_motion_carries_the_frame_before_onto_this_one(seed: int) -> None:
    before, now = drive(Street(seed=seed, size=(180, 241)), 40, 2)
    judged = now.visible & interior(now.labels, now.motion)
    assert judged.mean() > 0.4

    def error(motion: NDArray[np.float32]) -> float:
        return float(np.abs(sample(before.pixels, motion) - now.pixels)[judged].mean())

    true = error(now.motion)
    assert true < 1.2
    assert true < 0.5 * error(np.zeros_like(now.motion))
    assert true < 0.4 * error(-now.motion)


def test_half_a_pixel_of_error_in_the_motion_would_show() -> None:
    before, now = drive(Street(seed=4, size=(180, 241)), 40, 2)
    judged = now.visible & interior(now.labels, now.motion)

    def error(dx: float, dy: float) -> float:
        shifted = now.motion + np.array([dx / 241, dy / 180], np.float32).reshape(2, 1, 1)
        return float((np.abs(sample(before.pixels, shifted) - now.pixels)[judged] ** 2).mean())

    true = error(0, 0)
    assert all(true < error(dx, dy) for dx, dy in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)))


@pytest.mark.parametrize("seed", [1, 4, 11])
def test_labels_carried_back_agree(seed: int) -> None:
    before, now = drive(Street(seed=seed, size=(180, 240)), 200, 2)
    height, width = now.labels.shape
    rows, columns = np.mgrid[:height, :width]
    j = np.floor(columns + now.motion[0] * width + 0.5).astype(int)[now.visible]
    i = np.floor(rows + now.motion[1] * height + 0.5).astype(int)[now.visible]
    assert now.visible.mean() > 0.8
    assert (before.labels[i, j] == now.labels[now.visible]).mean() > 0.99


def test_a_standing_camera_in_an_empty_street_sees_no_motion() -> None:
    frames = list(Street(seed=2, size=SMALL, speed=0.0, sway=0.0, traffic=0.0).frames(2))
    np.testing.assert_array_equal(frames[0].pixels, frames[1].pixels)
    assert np.abs(frames[1].motion).max() < 1e-5
    assert frames[1].visible.all()


def test_one_speed_over_and_over_is_that_speed() -> None:
    steady, listed = (Street(seed=4, size=SMALL, speed=speed, rate=15) for speed in (9.0, (9.0,) * 5))
    for index in (0, 3, 20):
        one, two = steady.frame(index), listed.frame(index)
        assert (one.pixels != two.pixels).mean() < 1e-3  # positions differ by rounding
        np.testing.assert_allclose(one.motion, two.motion, atol=1e-5)


def test_speeds_move_the_camera_while_the_traffic_keeps_its_pace() -> None:
    street = Street(seed=4, size=SMALL, speed=(1.0, 1.0, 18.0), rate=15)
    metres = [street._scene.position(index / 15) for index in range(5)]
    np.testing.assert_allclose(np.diff(metres), [1 / 15, 1 / 15, 18 / 15, 18 / 15])
    walkers = [
        {each.number: each.pose[2] for each in street._traffic.seen_from(metres[3], index / 15, 0.2) if each.pose[6]}
        for index in (3, 4)
    ]
    moved = np.abs([walkers[1][number] - walkers[0][number] for number in walkers[0]])
    assert len(moved) > 3
    assert moved.max() < 5 / 15  # cyclists ride at 4.6 m/s


def test_people_cross_before_a_camera_of_changing_speed_arrives() -> None:
    journey = Street(seed=4, size=SMALL, speed=(1.0, 6.0, 18.0), rate=2, start=30.0)._scene.journey
    for position in (20.0, 30.2, 32.0, 60.0):
        assert journey.position(journey.arrival(position)) == pytest.approx(position)


def test_motion_does_not_depend_on_the_size() -> None:
    small, large = (Street(seed=4, size=size).frame(40) for size in ((90, 120), (270, 360)))
    same = large.labels[1::3, 1::3] == small.labels  # leaves and railings are filtered differently
    assert same.mean() > 0.98
    solid = same & np.isin(small.labels, [CLASSES.index(name) for name in ("sky", "road", "pavement")])
    np.testing.assert_allclose(large.motion[:, 1::3, 1::3][:, solid], small.motion[:, solid], atol=1e-6)


@pytest.mark.parametrize("size", [(1, 10), (10, 0)])
def test_a_street_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="size"):
        Street(size=size)


def test_a_street_without_speeds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one speed"):
        Street(speed=())


def test_training_frames_are_many_streets() -> None:
    images, labels = training_frames(6, SMALL, 3)
    assert (images.shape, str(images.dtype)) == ((6, 3, *SMALL), "uint8")
    assert (labels.shape, str(labels.dtype)) == ((6, *SMALL), "uint8")
    assert labels.max() < len(CLASSES)
    again, _ = training_frames(6, SMALL, 3)
    np.testing.assert_array_equal(images, again)
    assert len({image.tobytes() for image in images}) == 6
