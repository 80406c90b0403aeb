"""Search: the largest interval that meets a target, the smallest that is fast enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from warpseg.engine.method import Method

__all__ = ["Row", "Scorer", "largest", "smallest_that"]

_STEPS = (2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120)


@dataclass(frozen=True)
class Row:
    """Score of one setting on the samples; values are those of ``targets.worst``, more is better."""

    choice: Method  # whatever its own interval
    interval: int
    by_distance: tuple[float, ...]  # 0 .. n-1, over all samples; 0 is the keyframe itself
    worst: float
    bound: float  # lower confidence bound of ``worst``
    worst_sample: float  # ``worst`` of the single sample with the least
    meets: bool  # whether ``bound`` meets the target

    @property
    def worst_distance(self) -> int:
        """The distance with the worst value."""
        between = self.by_distance[1:] or self.by_distance
        return between.index(min(between)) + (len(self.by_distance) > 1)


# Scores methods at one interval, in the order given.
Scorer = Callable[[Sequence[Method], int], list[Row]]


def largest(scorer: Scorer, choices: Sequence[Method], limit: int) -> tuple[Row | None, list[Row]]:
    """Return the row of the largest interval up to ``limit`` that meets the target, and all rows.

    Every choice climbs 2, 3, 5, 7, 10 ... until its first miss, so that no later luck counts; choices that can still
    win are then bisected between their last hit and their first miss. Of equal intervals, the higher bound wins. None
    where no choice meets the target at interval 2.
    """
    rows: list[Row] = []
    best: dict[Method, Row] = {}
    missed: dict[Method, int] = {}

    def note(row: Row) -> None:
        rows.append(row)
        if row.meets:
            best[row.choice] = row
        else:
            missed[row.choice] = row.interval

    for n in _climb(limit):
        climbing = [choice for choice in choices if choice not in missed]
        if not climbing:
            break
        for row in scorer(climbing, n):
            note(row)
    for choice in sorted(best, key=lambda each: _rank(best[each]), reverse=True):
        while (high := missed.get(choice, limit + 1)) - best[choice].interval > 1:
            if high <= max(row.interval for row in best.values()):
                break  # it cannot win any more
            note(scorer([choice], (best[choice].interval + high) // 2)[0])
    return max(best.values(), key=_rank, default=None), rows


def smallest_that(reaches: Callable[[int], bool], limit: int) -> int | None:
    """Return the smallest interval from 2 to ``limit`` for which ``reaches`` is true, or None."""
    low = 1
    for n in _climb(limit):
        if not reaches(n):
            low = n
            continue
        while n - low > 1:
            middle = (low + n) // 2
            low, n = (low, middle) if reaches(middle) else (middle, n)
        return n
    return None


def _climb(limit: int) -> Iterator[int]:
    yield from (n for n in _STEPS if n < limit)
    if limit >= 2:
        yield limit


def _rank(row: Row) -> tuple[int, float]:
    return row.interval, row.bound
