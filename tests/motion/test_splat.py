"""Vectors turned around, and confidence from the round trip."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.pans import SIZE
from tests.support.patches import noise
from warpseg.motion.luma import Plane
from warpseg.motion.search import Vectors
from warpseg.motion.splat import check_consistency, splat


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
