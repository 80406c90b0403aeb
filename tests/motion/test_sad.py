"""The kernels that compare windows, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.pans import texture
from tests.support.patches import Luma, noise, patch
from warpseg.motion.sad import PATCH, normal_equations, sad


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
def test_patches_are_compared_as_plain_numpy_does(kind: str) -> None:
    a, b = pairs(kind)
    (height, width), rng = a.shape, np.random.default_rng(0)
    tops, lefts = (rng.integers(0, side - PATCH, (300, 2), endpoint=True) for side in (height, width))
    for (top, then_top), (left, then_left) in zip(tops.tolist(), lefts.tolist(), strict=True):
        found = sad(a.reshape(-1), b.reshape(-1), width, top * width + left, then_top * width + then_left)
        assert found == np.abs(patch(a, top, left) - patch(b, then_top, then_left)).sum()


@pytest.mark.parametrize("kind", ["noise", "alike", "black and white"])
def test_normal_equations_are_those_of_plain_numpy(kind: str) -> None:
    a, b = pairs(kind)
    (height, width), rng = a.shape, np.random.default_rng(0)
    gradient_y, gradient_x = (2 * np.gradient(b.astype(np.float64), axis=axis) for axis in (0, 1))
    tops, lefts = (rng.integers(1, side - PATCH - 1, (300, 2), endpoint=True) for side in (height, width))
    for (top, then_top), (left, then_left) in zip(tops.tolist(), lefts.tolist(), strict=True):
        at = top * width + left, then_top * width + then_left
        x, y = patch(gradient_x, then_top, then_left), patch(gradient_y, then_top, then_left)
        apart = patch(a, top, left) - patch(b, then_top, then_left)
        expected = tuple(int((m * n).sum()) for m, n in ((x, x), (x, y), (y, y), (x, apart), (y, apart)))
        assert normal_equations(a.reshape(-1), b.reshape(-1), width, *at) == expected
