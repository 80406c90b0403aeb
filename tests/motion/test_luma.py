"""Planes: grey values at the size they are matched at, with margins."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.patches import Luma, noise
from warpseg.motion.luma import MARGIN, Plane


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
