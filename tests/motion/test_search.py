"""Block matching on its own: planes, the kernels that compare windows, and the search."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.pans import SIZE, grey, pan, pixels_off, texture
from warpseg.engine.source import open_video
from warpseg.motion.estimate import predictions
from warpseg.motion.luma import CELL, MARGIN, Plane
from warpseg.motion.sad import WINDOW, normal_equations, sad
from warpseg.motion.search import Vectors, corner, search
from warpseg.motion.splat import check_consistency, splat
from warpseg.motion.subpixel import confidence_along, refine
from warpseg.types import MotionField

Luma = NDArray[np.uint8]


def noise(size: tuple[int, int], seed: int = 0) -> Luma:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


# Planes


@pytest.mark.parametrize(("side", "factor"), [(1, 1), (400, 1), (599, 1), (640, 2), (720, 2), (1080, 3), (2160, 5)])
def test_large_pictures_are_matched_at_a_fraction(side: int, factor: int) -> None:
    plane = Plane.of(noise((side, side + 3)))
    assert plane.factor == factor
    assert plane.size == (side, side + 3)
    assert plane.luma.shape == (max(side // factor, 1), max((side + 3) // factor, 1))
    assert plane.grid == (max(round(side / factor / 4), 1), max(round((side + 3) / factor / 4), 1))


@pytest.mark.parametrize("size", [(720, 1280), (725, 1283), (1081, 1922), (2160, 2161)])
def test_a_smaller_plane_has_the_means(size: tuple[int, int]) -> None:
    luma = noise(size)
    plane = Plane.of(luma)
    assert_means(plane.luma, luma, plane.factor)


@pytest.mark.parametrize("size", [(160, 224), (81, 121), (2, 3), (3, 500)])
def test_coarser_halves(size: tuple[int, int]) -> None:
    plane = Plane.of(noise(size))
    assert plane.coarser.factor == 2
    assert plane.coarser.size == size
    assert_means(plane.coarser.luma, plane.luma, 2)


def assert_means(small: Luma, luma: Luma, factor: int) -> None:
    h, w = luma.shape[0] // factor, luma.shape[1] // factor
    exact = luma[: h * factor, : w * factor].reshape(h, factor, w, factor).mean((1, 3))
    assert small.shape == (h, w)
    assert np.abs(small - exact).max() <= 0.5


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (17, 33), (160, 224), (1080, 1920)])
def test_margins_continue_the_border(size: tuple[int, int]) -> None:
    plane = Plane.of(noise(size))
    np.testing.assert_array_equal(plane.pixels, np.pad(plane.luma, MARGIN, "edge"))
    assert plane.pixels.flags.c_contiguous


@pytest.mark.parametrize("size", [(160, 224), (720, 1280)])
def test_a_decoders_padded_plane_is_read_right(size: tuple[int, int]) -> None:
    luma = noise(size)
    padded = np.pad(luma, ((0, 0), (0, 32)), constant_values=7)[:, : size[1]]
    every_other = np.repeat(luma, 2, 0)[::2]
    for strided in (padded, every_other):
        assert not strided.flags.c_contiguous
        np.testing.assert_array_equal(Plane.of(strided).pixels, Plane.of(luma).pixels)


# Kernels


def window(picture: NDArray[np.generic], top: int, left: int) -> NDArray[np.int64]:
    return picture[top : top + WINDOW, left : left + WINDOW].astype(np.int64)


def pairs(kind: str) -> tuple[Luma, Luma]:
    """Return two pictures of a width that divides by nothing."""
    size = 47, 61
    if kind == "noise":
        return noise(size, 1), noise(size, 2)
    if kind == "alike":
        return (picture := texture(size).astype(np.uint8)), np.roll(picture, 1, 1)
    stripes = np.indices(size).sum(0) // 2 % 2 * 255  # the largest sums that there are
    return np.full(size, 255, np.uint8), stripes.astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "alike", "black and white"])
def test_windows_are_compared_as_plain_numpy_does(kind: str) -> None:
    a, b = pairs(kind)
    (height, width), rng = a.shape, np.random.default_rng(0)
    tops, lefts = (rng.integers(0, side - WINDOW, (300, 2), endpoint=True) for side in (height, width))
    for (top, then_top), (left, then_left) in zip(tops.tolist(), lefts.tolist(), strict=True):
        found = sad(a.reshape(-1), b.reshape(-1), width, top * width + left, then_top * width + then_left)
        assert found == np.abs(window(a, top, left) - window(b, then_top, then_left)).sum()


@pytest.mark.parametrize("kind", ["noise", "alike", "black and white"])
def test_normal_equations_are_those_of_plain_numpy(kind: str) -> None:
    a, b = pairs(kind)
    (height, width), rng = a.shape, np.random.default_rng(0)
    gradient_y, gradient_x = (2 * np.gradient(b.astype(np.float64), axis=axis) for axis in (0, 1))
    tops, lefts = (rng.integers(1, side - WINDOW - 1, (300, 2), endpoint=True) for side in (height, width))
    for (top, then_top), (left, then_left) in zip(tops.tolist(), lefts.tolist(), strict=True):
        at = top * width + left, then_top * width + then_left
        x, y = window(gradient_x, then_top, then_left), window(gradient_y, then_top, then_left)
        apart = window(a, top, left) - window(b, then_top, then_left)
        expected = tuple(int((m * n).sum()) for m, n in ((x, x), (x, y), (y, y), (x, apart), (y, apart)))
        assert normal_equations(a.reshape(-1), b.reshape(-1), width, *at) == expected


# The search


def field_of(plane: Plane, other: Plane, vectors: Vectors) -> MotionField:
    offsets, confidence = refine(plane, other, vectors)
    return MotionField(torch.from_numpy(offsets), torch.from_numpy(confidence))


@pytest.mark.parametrize("shift", [(0, 0), (4, 0), (-3, 5), (10, -7), (21, 13)])
@pytest.mark.parametrize("size", [(160, 224), (121, 171), (90, 130)])
def test_a_known_shift_is_found_from_coarse_to_fine(size: tuple[int, int], shift: tuple[int, int]) -> None:
    before, now = (Plane.of(grey(picture)) for picture in pan(shift, 2, size=size))
    motion = field_of(now, before, search(now, before, predictions(now, before)))
    right = pixels_off(motion, shift, size) <= 0.25
    y, x = (abs(step) // CELL + 3 for step in reversed(shift))  # cells at the borders whose content has just entered
    assert float(right[y:-y, x:-x].float().mean()) > 0.99


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920)])
def test_motion_of_large_pictures_is_found_at_a_fraction(size: tuple[int, int]) -> None:
    with open_video(iter(pan((12, -8), 4, size=size)), motion="estimate") as video:
        found = list(video)
    for frame in found[1:]:
        assert frame.reverse is not None
        for motion, velocity in ((frame.motion, (12, -8)), (frame.reverse, (-12, 8))):
            off = pixels_off(motion, velocity, size)[4:-4, 4:-4]
            assert float((off <= 1).float().mean()) > 0.99


@pytest.mark.parametrize("velocity", [(80, 0), (110, 30)], ids=str)
def test_a_prediction_leads_where_no_search_would(velocity: tuple[int, int]) -> None:
    """Such as the motion of the frame before, or the codec's."""
    size = (320, 480)
    before, now = (Plane.of(grey(picture)) for picture in pan(velocity, 2, size=size))
    known = np.full((2, *now.grid), np.array(velocity, np.float32)[:, None, None], np.float32)

    def share(seeds: NDArray[np.float32]) -> float:
        off = pixels_off(field_of(now, before, search(now, before, seeds)), velocity, size)
        return float((off <= 0.25)[12:-12, 32:-32].float().mean())

    assert share(predictions(now, before)) < 0.1
    assert share(known[None]) == 1
    assert share(predictions(now, before, known)) == 1
    assert share(np.where(np.random.default_rng(0).random(now.grid) < 0.05, known, np.nan)[None]) > 0.99


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (17, 33), (160, 224)])
@pytest.mark.parametrize("extent", [5, 300, 1e6, 2e9])
def test_no_prediction_leads_out_of_the_picture(size: tuple[int, int], extent: float) -> None:
    now, before = Plane.of(noise(size, 1)), Plane.of(noise(size, 2))
    rng = np.random.default_rng(0)
    seeds = rng.uniform(-extent, extent, (3, 2, *now.grid)).astype(np.float32)
    seeds[:, :, rng.random(now.grid) < 0.3] = np.nan
    found = search(now, before, seeds)
    height, width = now.pixels.shape
    for row, column in np.ndindex(now.grid):
        top, left = corner(row, size[0] / now.grid[0]), corner(column, size[1] / now.grid[1])
        x, y = found.whole[:, row, column].tolist()
        assert 0 <= left + x <= width - WINDOW
        assert 0 <= top + y <= height - WINDOW
        apart = np.abs(window(now.pixels, top, left) - window(before.pixels, top + y, left + x)).sum()
        assert found.error[row, column] == apart
    offsets, confidence = refine(now, before, found)
    assert bool(np.isfinite(offsets).all())
    assert bool(((confidence >= 0) & (confidence <= 1)).all())
    wild = np.where(np.isnan(seeds[0]), 0, seeds[0])
    assert bool(np.isfinite(confidence_along(now, before, wild)).all())


def test_what_matches_as_well_keeps_the_neighbours_vector() -> None:
    """A flat picture moves as its surroundings do: here, nowhere."""
    flat = Plane.of(np.full(SIZE, 90, np.uint8))
    found = search(flat, flat, np.full((1, 2, *flat.grid), np.nan, np.float32))
    assert not found.whole.any()
    assert not found.error.any()


def test_certainty_of_whole_vectors_is_that_of_the_search() -> None:
    before, now = (Plane.of(grey(picture)) for picture in pan((4, -3), 2))
    found = search(now, before, predictions(now, before))
    offsets = found.whole / np.array([SIZE[1], SIZE[0]])[:, None, None]
    np.testing.assert_array_equal(
        confidence_along(now, before, offsets.astype(np.float32)), refine(now, before, found)[1]
    )


# Turned around


def test_vectors_are_splatted_to_where_they_point() -> None:
    plane = Plane.of(noise(SIZE))
    found = Vectors(plane.grid)
    found.whole[0], found.whole[1] = 8, -4
    back = splat(plane, found)[0]
    np.testing.assert_array_equal(back[0, :-1, 2:], -8)
    np.testing.assert_array_equal(back[1, :-1, 2:], 4)
    assert np.isnan(back[:, -1]).all()
    assert np.isnan(back[:, :, :2]).all()


@pytest.mark.parametrize("thing", [10, 1000])
def test_where_several_land_the_better_match_hides_the_others(thing: int) -> None:
    plane = Plane.of(noise(SIZE))
    found = Vectors(plane.grid)
    found.error[:] = 100
    found.whole[0, 5, 10], found.error[5, 10] = 12, thing  # lands on (5, 13), where the background lies still
    assert splat(plane, found)[0, 0, 5, 13] == (-12 if thing < 100 else 0)
    assert np.isnan(splat(plane, found)[0, 0, 5, 10])


@pytest.mark.parametrize(("cells", "left"), [(0, 1), (1, 1 / 2), (2, 1 / 5), (10, 1 / 101)])
def test_confidence_falls_with_how_far_the_way_home_misses(cells: int, left: float) -> None:
    there, confidence = np.zeros((2, 20, 30), np.float32), np.full((20, 30), 0.8, np.float32)
    there[0], back = 3 / 30, np.zeros((2, 20, 30), np.float32)
    back[0], back[1] = -3 / 30, cells / 20
    check_consistency(there, back, confidence)
    np.testing.assert_allclose(confidence, 0.8 * left, rtol=1e-5)
