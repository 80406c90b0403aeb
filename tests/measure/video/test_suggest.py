"""The interval suggested from how well motion explains the picture."""

from __future__ import annotations

import math

import pytest

from warpseg.measure.video.quality import Sums
from warpseg.measure.video.suggest import suggest


def error(decibels: float) -> float:
    return float(255**2 / 10 ** (decibels / 10))


@pytest.mark.parametrize(
    ("decibels", "interval"),
    [
        ((30, 29, 28, 26), 7),  # 3 dB are lost at distance 3.5
        ((30, 20), 2),
        ((30, 29, 28), 6),  # never lost: twice the farthest
        ((50, 45, 40, 37, 36, 30), 10),  # much is lost, but the picture is good until 36 dB
        ((math.inf, math.inf), 4),
        ((30, 29.9) * 20, 30),
    ],
    ids=["between", "at once", "never", "good anyway", "frozen", "long"],
)
def test_suggestion(decibels: tuple[float, ...], interval: int) -> None:
    back = {k: Sums(1, error(here), 0, error(decibels[0])) for k, here in enumerate(decibels, 1)}
    assert suggest(back)[0] == interval
