"""Speed of the paper's network in fp32, and in bf16 with the paper's fusion weights, at interval 10.

Neither fusion nor precision changes the cost of the other stages: few frames and one interval show them. The network
is that of ``speed``, ResNet-101 at 1024x2048 with random weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks._lib.context import Context
from benchmarks._lib.speed import of_paper, of_run
from warpseg.networks import Precision

Row = dict[str, Any]

MEASURED: tuple[tuple[Precision, str], ...] = (("fp32", "confidence"), ("bf16", "average"))  # precision, fusion
FRAMES, INTERVALS = 20, [1, 10]


def run(context: Context) -> list[Row]:
    """Return a row per precision and fusion."""
    rows = []
    for precision, fusion in MEASURED:
        name = f"paper, {precision}, {fusion}"
        rows.append(context.part(name, partial(of_paper, context, name, precision, fusion, INTERVALS, FRAMES)))
    return rows


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield all of each run."""
    for row in rows:
        yield from of_run(row)


PAGES = {"docs/speed.md#speed-paper": tables}
