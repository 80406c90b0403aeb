"""Block matching from coarse to fine, from predictions, and refined below a pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.pans import SIZE, grey, pan, pixels_off
from tests.support.patches import noise, patch
from warpseg.engine.source import open_video
from warpseg.motion.estimate import predictions
from warpseg.motion.luma import CELL, Plane
from warpseg.motion.sad import PATCH
from warpseg.motion.search import Vectors, corner, search
from warpseg.motion.subpixel import confidence_along, refine
from warpseg.types import MotionField


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
        assert 0 <= left + x <= width - PATCH
        assert 0 <= top + y <= height - PATCH
        apart = np.abs(patch(now.pixels, top, left) - patch(before.pixels, top + y, left + x)).sum()
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
