"""Colours of motion."""

from __future__ import annotations

import numpy as np
import pytest

from warpseg.measure.video.plot import colours


def test_hue_is_direction_and_opacity_is_speed() -> None:
    right, left, still = (np.array([[[x]], [[0.0]]], np.float32) for x in (4, -4, 0))
    red, cyan, nothing = (colours(motion, 4.0)[0, 0] for motion in (right, left, still))
    assert red[0] > 0.9 > red[1]
    assert cyan[0] < 0.9 < cyan[1]
    assert (nothing[3], red[3]) == (0, pytest.approx(0.85))
