"""Targets: each chooses its measure and says when it is met."""

from __future__ import annotations

import numpy as np
import pytest

from warpseg.measure.calibration.targets import Measure, Target, by_distance, worst


def test_measures_are_what_they_say() -> None:
    matrix = np.array([[[8, 2], [1, 9]], [[5, 5], [0, 10]]])
    np.testing.assert_allclose(by_distance("agreement", matrix), [17 / 20, 15 / 20])
    miou = by_distance("mIoU", matrix)
    np.testing.assert_allclose(miou, [(8 / 11 + 9 / 12) / 2, (5 / 10 + 10 / 15) / 2])
    assert float(worst("agreement", np.array([1.0, 0.9, 0.7, 0.8]))) == 0.7
    assert float(worst("drop of mIoU", np.array([0.75, 0.5, 0.7]))) == -0.25
    assert Target("max-drop", 5).is_met(-0.04)
    assert not Target("max-drop", 5).is_met(-0.06)
    assert Target("min-miou", 65).is_met(0.66)
    assert not Target("min-agreement", 95).is_met(0.949)


@pytest.mark.parametrize("measure", ["mIoU", "drop of mIoU", "agreement"])
def test_targets_choose_their_measure(measure: Measure) -> None:
    kinds = {"mIoU": "min-miou", "drop of mIoU": "max-drop", "agreement": "min-agreement"}
    assert Target(kinds[measure], 5).measure(labelled=True) == measure  # type: ignore[arg-type]
    assert Target("target-fps", 5).measure(labelled=False) == "agreement"
    assert Target("target-fps", 5).measure(labelled=True) == "mIoU"
