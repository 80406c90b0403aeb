"""Rows of a benchmark: ratios within a round, and what the machine allows."""

from __future__ import annotations

import pytest

from warpseg.engine.timing import Summary
from warpseg.measure.speed.end_to_end import Lap
from warpseg.measure.speed.summary import Round, row


def lap(seconds: float, stages: dict[str, float], *, frames: int = 10, keyframes: int = 2, cpu: float = 1.0) -> Round:
    alone = {name: Summary(frames, 1.0, 2.0, spent, spent / 2) for name, spent in stages.items()}
    return Round(Lap(frames, keyframes, seconds, seconds / 2, cpu, stages), alone)


def times(network: float) -> dict[str, float]:
    return {"decode": 0.5, "network": network, "warp and fuse": 0.25, "labels": 0.25, "write": 0.125}


def test_speed_ups_are_over_frame_by_frame_in_the_same_round() -> None:
    # The second round saw a machine half as fast: the ratios do not.
    every = [lap(20.0, times(15.5)), lap(40.0, times(31.5))]
    ours = [lap(4.0, times(1.5)), lap(8.0, times(3.5))]
    found = row(5, ours, every, cores=2)
    assert found["speed_up"] == {"median": 5.0, "least": 5.0, "most": 5.0}
    assert found["model_speed_up"] == {"median": 8.0, "least": 8.0, "most": 8.0}  # 16 / 2 and 32 / 4
    assert found["fps"] == {"median": (2.5 + 1.25) / 2, "least": 1.25, "most": 2.5}
    own = row(1, every, every, cores=2)
    assert own["speed_up"] == own["model_speed_up"] == {"median": 1.0, "least": 1.0, "most": 1.0}


def test_what_the_machine_allows() -> None:
    found = row(5, [lap(4.0, times(1.5), cpu=6.0)], [lap(20.0, times(15.5))], cores=2)
    assert found["cpu_ms_a_frame"] == 600
    assert found["allowed_fps"] == pytest.approx(2 / 0.6)  # 0.6 s of a frame on two cores
    assert found["share_of_allowed"] == pytest.approx(2.5 / (2 / 0.6))
    assert found["slowest"] == "network"
    assert found["slowest_fps"] == pytest.approx(10 / 1.5)
    assert found["share_of_slowest"] == pytest.approx(2.5 / (10 / 1.5))


def test_an_intermediate_frame_bears_all_of_the_carrying_and_its_own_labels() -> None:
    found = row(5, [lap(4.0, times(1.5))], [lap(20.0, times(15.5))], cores=2)
    assert found["between_ms"] == pytest.approx(1000 * (0.25 / 8 + 0.25 / 10))
    every = [lap(4.0, times(1.5), keyframes=10)]
    assert row(1, every, every, cores=2)["between_ms"] is None
