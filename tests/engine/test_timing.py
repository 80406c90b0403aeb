"""Stages: nothing is counted twice, in one thread and in several, and quantiles are what they say."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from warpseg.engine.timing import Stages


class Clock:
    """Stands in for the clocks of a thread: time passes only where a test says so."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def pass_(self, wall: float, cpu: float = 0.0) -> None:
        now = self.now()
        self._mine.now = (now[0] + wall, now[1] + cpu)

    def now(self) -> tuple[float, float]:
        found: tuple[float, float] = getattr(self._mine, "now", (0.0, 0.0))
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr("warpseg.engine.timing.time.perf_counter", lambda: clock.now()[0])
    monkeypatch.setattr("warpseg.engine.timing.time.thread_time", lambda: clock.now()[1])
    yield clock
    monkeypatch.undo()


def test_a_stage_inside_another_is_counted_once(clock: Clock) -> None:
    stages = Stages()
    with stages.measure("outer"):
        clock.pass_(1, 0.5)
        with stages.measure("inner"):
            clock.pass_(2, 1.5)
            with stages.measure("outer"):
                clock.pass_(4, 3)
        clock.pass_(8, 6)
    assert stages.seconds == {"outer": 13, "inner": 2}
    found = stages.summary()
    assert (found["outer"].cpu_seconds, found["inner"].cpu_seconds) == (9.5, 1.5)
    assert (found["outer"].count, found["inner"].count) == (2, 1)
    assert sum(stages.seconds.values()) == clock.now()[0]


def test_threads_do_not_see_each_others_nesting(clock: Clock) -> None:
    stages, turn = Stages(), threading.Barrier(2, timeout=10)

    def work(name: str, seconds: float) -> None:
        with stages.measure(name):
            turn.wait()  # both are inside now
            with stages.measure("shared"):
                clock.pass_(seconds)
            turn.wait()
            clock.pass_(1)

    threads = [threading.Thread(target=work, args=("a", 5)), threading.Thread(target=work, args=("b", 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stages.seconds == {"a": 1, "b": 1, "shared": 12}


def test_sums_of_many_threads_are_whole() -> None:
    stages, count, threads = Stages(), 2000, 4

    def work() -> None:
        for _ in range(count):
            with stages.measure("one"):
                pass

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert stages.summary()["one"].count == count * threads


def test_an_error_is_measured_and_passed_on(clock: Clock) -> None:
    stages = Stages()

    def fail() -> None:
        with stages.measure("inner"):
            clock.pass_(3)
            raise KeyError

    with stages.measure("outer"):
        with pytest.raises(KeyError):
            fail()
        clock.pass_(1)
    assert stages.seconds == {"outer": 1, "inner": 3}


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0])
def test_quantiles_are_within_one_percent(clock: Clock, scale: float) -> None:
    stages = Stages()
    durations = scale * np.random.default_rng(0).lognormal(0, 2, 999)
    for seconds in durations:
        with stages.measure("one"):
            clock.pass_(float(seconds))
    found = stages.summary()["one"]
    assert found.median_ms == pytest.approx(1000 * float(np.quantile(durations, 0.5, method="inverted_cdf")), rel=0.01)
    assert found.p95_ms == pytest.approx(1000 * float(np.quantile(durations, 0.95, method="inverted_cdf")), rel=0.01)
    assert found.seconds == pytest.approx(durations.sum())


def test_memory_does_not_grow_with_measurements(clock: Clock) -> None:
    stages = Stages()
    for seconds in np.logspace(-12, 9, 5000):
        with stages.measure("one"):
            clock.pass_(float(seconds))
    assert len(stages._stages["one"].bins) <= 1400


def test_cpu_time_is_the_threads_own() -> None:
    stages = Stages()
    with stages.measure("asleep"):
        time.sleep(0.05)
    with stages.measure("busy"):
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
    found = stages.summary()
    assert found["asleep"].seconds >= 0.05
    assert found["asleep"].cpu_seconds < 0.02
    assert found["busy"].cpu_seconds >= 0.02


def test_nothing_measured_says_nothing() -> None:
    assert Stages().summary() == {}
