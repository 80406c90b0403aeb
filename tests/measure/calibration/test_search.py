"""The search for the largest interval that keeps a promise, on tables that are known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from warpseg.engine.method import Method
from warpseg.measure.calibration.search import Row, largest, smallest_that

COPY, PROPAGATE, INTERPOLATE = (Method(name, fusion="average") for name in ("copy", "propagate", "interpolate"))


class Table:
    """A scorer that knows every bound beforehand and writes down what it was asked."""

    def __init__(self, target: float, bounds: Callable[[Method, int], float]) -> None:
        self.target, self.bounds = target, bounds
        self.asked: list[tuple[Method, int]] = []

    def __call__(self, choices: Sequence[Method], n: int) -> list[Row]:
        self.asked += [(choice, n) for choice in choices]
        found = [(choice, self.bounds(choice, n)) for choice in choices]
        return [Row(c, n, (1.0, *[b] * (n - 1)), b, b, b, b >= self.target) for c, b in found]


def falling(**slopes: float) -> Callable[[Method, int], float]:
    return lambda choice, n: 1 - slopes[choice.scheme] * (n - 1)


@pytest.mark.parametrize("last", range(2, 31))
def test_the_largest_interval_of_a_monotone_table_is_found(last: int) -> None:
    scorer = Table(0.9, lambda choice, n: 0.95 if n <= last else 0.85)
    row, rows = largest(scorer, [INTERPOLATE], 30)
    assert row is not None
    assert row.interval == last
    assert len(scorer.asked) == len(set(scorer.asked)) == len(rows) <= 12


def test_the_scheme_with_the_largest_interval_wins_and_no_other_is_refined_in_vain() -> None:
    scorer = Table(0.9, falling(copy=0.04, propagate=0.012, interpolate=0.008))
    row, _ = largest(scorer, [COPY, PROPAGATE, INTERPOLATE], 30)
    assert row is not None
    assert (row.choice, row.interval) == (INTERPOLATE, 13)
    assert {n for choice, n in scorer.asked if choice == COPY} == {2, 3, 5}


def test_equal_intervals_are_told_apart_by_their_bound() -> None:
    scorer = Table(0.9, lambda choice, n: (0.96 if choice == PROPAGATE else 0.95) if n <= 8 else 0.5)
    row, _ = largest(scorer, [COPY, PROPAGATE, INTERPOLATE], 30)
    assert row is not None
    assert (row.choice, row.interval) == (PROPAGATE, 8)


def test_luck_after_a_miss_does_not_count() -> None:
    scorer = Table(0.9, lambda choice, n: 0.85 if n == 5 else 0.95)
    row, _ = largest(scorer, [COPY], 30)
    assert row is not None
    assert row.interval == 4


def test_where_interval_2_misses_nothing_is_chosen() -> None:
    scorer = Table(0.9, lambda choice, n: 0.5)
    row, rows = largest(scorer, [COPY, PROPAGATE], 30)
    assert row is None
    assert [(each.choice, each.interval) for each in rows] == [(COPY, 2), (PROPAGATE, 2)]


@pytest.mark.parametrize("least", [2, 3, 4, 8, 29, 30])
def test_the_smallest_interval_that_is_fast_enough_is_found(least: int) -> None:
    assert smallest_that(lambda n: n >= least, 30) == least
    assert smallest_that(lambda n: False, 30) is None


def test_a_row_names_its_worst_distance() -> None:
    row = Row(COPY, 4, (1.0, 0.9, 0.8, 0.95), 0.8, 0.7, 0.6, True)
    assert row.worst_distance == 2
