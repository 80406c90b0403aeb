"""The codec's vectors: records become blocks, blocks become seeds of the search."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.pans import SIZE, pan
from tests.support.vectors import planes, records, still, tiled
from warpseg.motion.codec import blocks_of, coded_motion

SIZES = [(64, 96), (90, 100), (81, 121), (50, 50), (180, 322)]
BLOCKS = [(8, 8), (16, 16), (16, 8), (8, 16), (4, 4)]


def test_records_become_blocks_in_pixels_whatever_their_scale() -> None:
    made = blocks_of(records((-1, 16, 8, 24, 12, 6, -3, 4), (1, 8, 8, 4, 4, -5, 2, 2), (-3, 16, 16, 8, 8, 7, 7, 0)))
    assert made.dtype == np.float32
    np.testing.assert_array_equal(
        made, [[24, 12, 16, 8, 1.5, -0.75, -1], [4, 4, 8, 8, -2.5, 1, 1], [8, 8, 16, 16, 7, 7, -1]]
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_seeds_the_cells_whose_centres_it_covers(size: tuple[int, int], block: tuple[int, int]) -> None:
    plane = still(size)
    rows, columns = plane.grid
    y_centres, x_centres = ((np.arange(n) + 0.5) * side / n for n, side in zip(plane.grid, size, strict=True))
    w, h = block
    for top in range(0, size[0], 24):
        for left in range(0, size[1], 40):
            one = np.array([[left + w / 2, top + h / 2, w, h, 3, -5, -1]], np.float32)
            coded = coded_motion(plane, one, {-1: plane})
            in_rows, in_columns = (
                (y_centres >= top) & (y_centres < top + h),
                (x_centres >= left) & (x_centres < left + w),
            )
            inside = in_rows[:, None] & in_columns
            assert coded.seeds.shape == (2, 2, rows, columns)
            np.testing.assert_array_equal(coded.seeds[0], np.where(inside, np.array([3, -5])[:, None, None], np.nan))
            assert np.isnan(coded.seeds[1]).all()
            assert coded.covered == pytest.approx(inside.mean())
            assert coded.distances == {-1: w * h}


@pytest.mark.parametrize("size", [*SIZES, (1, 1), (3, 500)])
@pytest.mark.parametrize("block", [8, 16])
def test_blocks_that_tile_the_picture_reach_every_cell(size: tuple[int, int], block: int) -> None:
    plane = still(size)
    coded = coded_motion(plane, tiled(size, 1, 2, block=block), {-1: plane})
    assert coded.covered == 1
    np.testing.assert_array_equal(coded.seeds[0, 0], 1)
    np.testing.assert_array_equal(coded.seeds[0, 1], 2)


@pytest.mark.parametrize("distance", [-4, -3, -2, -1, 1, 2, 3])
def test_a_vector_is_brought_to_one_frame_by_its_distance(distance: int) -> None:
    """The offset to the frame before, whichever side it was found on: current(x) is reference(x + mv)."""
    pictures = planes(pan((3, 2), 8))
    vectors = tiled(SIZE, -3.0 * distance, -2.0 * distance, side=int(np.sign(distance)))
    coded = coded_motion(pictures[4], vectors, {distance: pictures[4 + distance]})
    side = int(distance > 0)
    np.testing.assert_allclose(coded.seeds[side, 0], 3, rtol=1e-6)
    np.testing.assert_allclose(coded.seeds[side, 1], 2, rtol=1e-6)
    assert np.isnan(coded.seeds[1 - side]).all()
    assert coded.distances == {distance: 256 * len(vectors)}


def test_seeds_of_both_sides_stand_beside_each_other() -> None:
    pictures = planes(pan((3, 2), 3))
    left = tiled(SIZE, 3, 2)
    left = left[left[:, 0] < SIZE[1] / 2]
    coded = coded_motion(
        pictures[1], np.concatenate([left, tiled(SIZE, -3, -2, side=1)]), {-1: pictures[0], 1: pictures[2]}
    )
    middle = coded.seeds.shape[3] // 2
    np.testing.assert_array_equal(coded.seeds[:, 0, :, :middle], 3)
    np.testing.assert_array_equal(coded.seeds[1, 1], 2)
    assert np.isnan(coded.seeds[0, :, :, middle:]).all()
    assert coded.covered == 1
    assert coded.distances == {-1: 256 * len(left), 1: 512 * len(left)}


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920)])
def test_seeds_are_in_pixels_of_the_plane(size: tuple[int, int]) -> None:
    plane = still(size)
    assert plane.factor == round(size[0] / 400)
    coded = coded_motion(plane, tiled(size, 12, -8), {-2: plane})
    assert coded.covered == 1
    np.testing.assert_allclose(coded.seeds[0, 0], 12 / 2 / plane.factor, rtol=1e-6)
    np.testing.assert_allclose(coded.seeds[0, 1], -8 / 2 / plane.factor, rtol=1e-6)


def test_vectors_without_a_candidate_on_their_side_are_left_out() -> None:
    plane = still(SIZE)
    for candidates in ({-1: plane}, {}):
        coded = coded_motion(plane, tiled(SIZE, 3, 2, side=1), candidates)
        assert coded.covered == 0
        assert np.isnan(coded.seeds).all()
        assert not coded.distances
    assert coded_motion(plane, np.zeros((0, 7), np.float32), {-1: plane}).covered == 0
