"""The frame that a motion vector points to, found among the candidates."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.pans import SIZE, grey, pan
from tests.support.vectors import planes, still, tiled
from warpseg.motion.luma import Plane
from warpseg.motion.references import resolve


@pytest.mark.parametrize("distance", [-4, -3, -2, -1, 1, 2])
def test_the_reference_of_a_vector_is_found(distance: int) -> None:
    pictures = planes(pan((3, -2), 9))
    blocks = tiled(SIZE, -3.0 * distance, 2.0 * distance, side=int(np.sign(distance)))
    candidates = {k: pictures[5 + k] for k in (-5, -4, -3, -2, -1, 1, 2, 3)}
    found, error = resolve(pictures[5], blocks, candidates)
    inner = (blocks[:, :2] > 24).all(1) & (blocks[:, 0] < SIZE[1] - 24) & (blocks[:, 1] < SIZE[0] - 24)
    np.testing.assert_array_equal(found[inner], distance)
    np.testing.assert_array_equal(error[inner], 0)


def test_each_block_of_one_picture_has_its_own_reference() -> None:
    pictures = planes(pan((5, -3), 6))
    kinds = [-3, -2, -1, 1, 2]
    blocks = tiled(SIZE, 0, 0)
    truth = np.array(kinds, np.int32)[np.random.default_rng(0).integers(len(kinds), size=len(blocks))]
    blocks[:, 4], blocks[:, 5], blocks[:, 6] = -5 * truth, 3 * truth, np.sign(truth)
    found, _ = resolve(pictures[3], blocks, {k: pictures[3 + k] for k in kinds})
    inner = (blocks[:, :2] > 24).all(1) & (blocks[:, 0] < SIZE[1] - 24) & (blocks[:, 1] < SIZE[0] - 24)
    np.testing.assert_array_equal(found[inner], truth[inner])


def test_flat_blocks_follow_the_majority() -> None:
    """They fit every reference."""
    pictures = [grey(picture) for picture in pan((3, -2), 4)]
    for picture in pictures:
        picture[48:112, 64:128] = 90
    blocks = tiled(SIZE, 6, -4)
    three, two, one, now = (Plane.of(picture) for picture in pictures)
    found, _ = resolve(now, blocks, {-1: one, -2: two, -3: three})
    flat = (np.abs(blocks[:, 0] - 96) < 24) & (np.abs(blocks[:, 1] - 80) < 24)
    assert flat.sum() >= 4
    np.testing.assert_array_equal(found[flat], -2)


@pytest.mark.parametrize("side", [-1, 1])
def test_where_nothing_is_clear_the_nearest_is_meant(side: int) -> None:
    """A clip that stands still fits every reference everywhere."""
    plane = still(SIZE)
    found, error = resolve(plane, tiled(SIZE, 0, 0, side=side), {k * side: plane for k in (3, 1, 2)})
    np.testing.assert_array_equal(found, side)
    assert not error.any()


def test_candidates_of_another_size_are_no_candidates() -> None:
    now, small = still(SIZE), still((32, 32))
    found, error = resolve(now, tiled(SIZE, 0, 0), {-1: small, -2: now})
    assert set(found) == {-2}
    assert not error.any()
    found, error = resolve(now, tiled(SIZE, 0, 0), {-1: small})
    assert set(found) == {0}
    assert np.isinf(error).all()


@pytest.mark.parametrize("size", [SIZE, (720, 1280), (1, 1)])
def test_vectors_that_lead_nowhere_are_measured_within_the_picture(size: tuple[int, int]) -> None:
    now = still(size)
    wild = np.array([[8, 8, 16, 16, -5000, 9000, -1], [32767, -32768, 255, 255, 8e6, -8e6, -1]], np.float32)
    found, error = resolve(now, wild, {-1: now})
    np.testing.assert_array_equal(found, -1)
    assert bool(((error >= 0) & (error <= 255)).all())
