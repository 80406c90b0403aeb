"""The codec's vectors: records to blocks, blocks to the pictures they refer to and to seeds of the search."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.pans import SIZE, Picture, grey, pan, texture
from warpseg.motion.codec import blocks_of, coded_motion
from warpseg.motion.luma import Plane
from warpseg.motion.references import resolve

Blocks = NDArray[np.float32]
# FFmpeg's AVMotionVector
RECORD = np.dtype(
    {
        "names": [
            "source",
            "w",
            "h",
            "src_x",
            "src_y",
            "dst_x",
            "dst_y",
            "flags",
            "motion_x",
            "motion_y",
            "motion_scale",
        ],
        "formats": ["i4", "u1", "u1", "i2", "i2", "i2", "i2", "u8", "i4", "i4", "u2"],
        "offsets": [0, 4, 5, 6, 8, 10, 12, 16, 24, 28, 32],
        "itemsize": 40,
    }
)
SIZES = [(64, 96), (90, 100), (81, 121), (50, 50), (180, 322)]
BLOCKS = [(8, 8), (16, 16), (16, 8), (8, 16), (4, 4)]


def records(*rows: tuple[int, int, int, int, int, int, int, int]) -> NDArray[np.void]:
    """Return records of (source, w, h, centre x, centre y, motion x, motion y, scale)."""
    out = np.zeros(len(rows), RECORD)
    for record, (source, w, h, x, y, dx, dy, scale) in zip(out, rows, strict=True):
        record["source"], record["w"], record["h"] = source, w, h
        record["dst_x"], record["dst_y"] = x, y
        record["motion_x"], record["motion_y"], record["motion_scale"] = dx, dy, scale
        record["src_x"], record["src_y"] = x + dx // max(scale, 1), y + dy // max(scale, 1)
    return out


def tiled(size: tuple[int, int], dx: float, dy: float, side: int = -1, block: int = 16) -> Blocks:
    """Return blocks that cover a picture and all move alike; at the far edges they reach beyond it, as a codec's do."""
    rows = [
        (x + block / 2, y + block / 2, block, block, dx, dy, side)
        for y in range(0, size[0], block)
        for x in range(0, size[1], block)
    ]
    return np.array(rows, np.float32)


def still(size: tuple[int, int]) -> Plane:
    return Plane.of(texture(size).astype(np.uint8))


def planes(pictures: list[Picture]) -> list[Plane]:
    return [Plane.of(grey(picture)) for picture in pictures]


# Records to blocks, blocks to cells


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


# References


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
