"""Timing: wall and CPU seconds by stage, across threads."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Stages", "Summary"]

T = TypeVar("T")
_STEP = math.log(1.02)  # width of a bin of durations: its middle is off by 1 % at most
_SHORTEST, _LONGEST = 1e-7, 1e5  # seconds; beyond these all go into one bin, so there are at most 1400


@dataclass(frozen=True)
class Summary:
    """Totals of one stage; a stage that ran inside another is not counted in the outer one."""

    count: int  # measurements
    median_ms: float  # of a measurement, within 1 %
    p95_ms: float  # likewise
    seconds: float  # sum of wall time
    cpu_seconds: float  # sum of the measuring threads' own CPU time, without threads that they start


@dataclass
class _Stage:
    bins: Counter[int] = field(default_factory=Counter)  # measurements by the logarithm of their duration

    def quantile(self, share: float) -> float:
        """Return the duration in seconds that ``share`` of all measurements do not exceed."""
        wanted, seen = math.ceil(share * self.bins.total()), 0
        for k in sorted(self.bins):
            seen += self.bins[k]
            if seen >= wanted:
                return math.exp((k + 0.5) * _STEP)
        return 0.0


class _Open(threading.local):
    """Wall and CPU seconds of the inner measurements that a thread's open one must leave out."""

    wall = 0.0
    cpu = 0.0


class Stages:
    """Adds up seconds by stage; a stage inside another is counted once, for the inner one.

    Threads may measure at the same time: each has its own nesting, and stages of different threads overlap, so that
    their sum may exceed the time that passed. Memory does not grow with the number of measurements.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)  # wall time
        self.cpu_seconds: dict[str, float] = defaultdict(float)  # of the measuring threads themselves
        self._stages: dict[str, _Stage] = defaultdict(_Stage)
        self._inner = _Open()
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, stage: str | None) -> Iterator[None]:
        """Add the time of the ``with`` block to ``stage``; None: to no stage, that around it included."""
        inner = self._inner
        outer, inner.wall, inner.cpu = (inner.wall, inner.cpu), 0.0, 0.0
        started, cpu_started = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            cpu, spent = time.thread_time() - cpu_started, time.perf_counter() - started
            if stage is not None:
                self._add(stage, spent - inner.wall, max(cpu - inner.cpu, 0.0))  # the clocks are read one after another
            inner.wall, inner.cpu = outer[0] + spent, outer[1] + cpu

    def _add(self, stage: str, seconds: float, cpu_seconds: float) -> None:
        with self._lock:
            self._stages[stage].bins[math.floor(math.log(min(max(seconds, _SHORTEST), _LONGEST)) / _STEP)] += 1
            self.seconds[stage] += seconds
            self.cpu_seconds[stage] += cpu_seconds

    def waiting(self, items: Iterator[T]) -> Iterator[T]:
        """Yield ``items``; waiting for them counts for no stage."""
        return self.measured(items, None)

    def measured(self, items: Iterator[T], stage: str | None) -> Iterator[T]:
        """Yield ``items``; the time to make each is added to ``stage``."""
        while True:
            with self.measure(stage):
                item = next(items, None)
            if item is None:
                return
            yield item
            del item  # drop our reference so that the item can be freed

    def summary(self) -> dict[str, Summary]:
        """Return the totals so far, by stage."""
        with self._lock:
            return {
                name: Summary(
                    stage.bins.total(),
                    1000 * stage.quantile(0.5),
                    1000 * stage.quantile(0.95),
                    self.seconds[name],
                    self.cpu_seconds[name],
                )
                for name, stage in self._stages.items()
            }
