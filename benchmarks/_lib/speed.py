"""Speed: a run of ``warpseg bench`` as a row of a result, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from benchmarks._lib.context import Context
from benchmarks._lib.paper_model import paper_network
from warpseg.measure.speed import table
from warpseg.measure.speed.bench_json import Bench
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.run import bench
from warpseg.networks import Precision

__all__ = ["PAPER_FRAMES", "measure", "of_paper", "of_run"]

Row = dict[str, Any]

PAPER_SIZE, PAPER_FRAMES, ROUNDS = (1024, 2048), 40, 2


def measure(context: Context, name: str, video: Path, *, intervals: Sequence[int], **options: Any) -> Row:
    """Measure one run; the commit, the command and the purpose stand once, at the top of the result file."""
    print(name, flush=True)
    facts: Mapping[str, Any] = bench(
        str(video), context.scratch, intervals=context.pick(intervals, [1, 2]), rounds=context.pick(ROUNDS, 1),
        progress=lambda line: print(f"  {line}", flush=True), **options,
    )  # fmt: skip
    return {"measurement": name} | {key: facts[key] for key in facts if key not in ("what", "command", "commit")}


def of_paper(
    context: Context, name: str, precision: Precision, fusion: str, intervals: Sequence[int], frames: int
) -> Row:
    """Measure the paper's network with random weights on a street."""
    frames = context.pick(frames, 3)
    video = street_clip(context.pick(PAPER_SIZE, (48, 96)), context.pick(PAPER_FRAMES, 3))
    network = paper_network(video, precision=context.pick(precision, "fp32"))
    return measure(
        context, name, video, model=network, options={"fusion": fusion}, intervals=intervals,
        max_frames=frames, fresh=False, compare_paper=fusion == "confidence",
    )  # fmt: skip


def of_run(row: Row) -> Iterator[str]:
    """Yield the tables of one run under its name."""
    name = row["measurement"]
    yield f"### {name[0].upper()}{name[1:]}"
    yield ""
    facts = cast(Bench, row)
    yield from table.markdown(table.speed(facts))
    yield ""
    yield from table.markdown(table.stages(facts))
    yield ""
    for line in table.notes(facts):
        yield f"- {line}"
    yield ""
