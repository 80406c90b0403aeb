"""``warpseg bench``: measures speed on this machine, end to end and stage by stage."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.method import usual_fusion
from warpseg.cli.values import numbers, words
from warpseg.errors import ModelError, OutputError
from warpseg.run.startup import heavy_imports
from warpseg.sinks import SINKS

if TYPE_CHECKING:
    from warpseg.measure.speed.bench_json import Bench
    from warpseg.measure.speed.table import Table

__all__ = ["bench"]


def bench(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", show_default=False, help="Video; without it a synthetic street is rendered."),
    ] = None,
    out: o.OutOption = Path("bench"),
    model: o.ModelOption = "camvid",
    scheme: o.SchemeOption = "interpolate",
    interval: o.FixedIntervalsOption = "1,2,5,10,20",
    fusion: o.FusionOption = None,
    fusion_weights: o.FusionWeightsOption = None,
    propagation: o.PropagationOption = "composed",
    reverse: o.ReverseOption = "searched",
    motion: o.MotionOption = "auto",
    flow_weights: o.FlowWeightsOption = None,
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    batch: o.BatchOption = None,
    memory: o.MemoryOption = 1.0,
    max_frames: o.MaxFramesOption = 100,
    size: o.SizeOption = "1280x720",
    cache: o.CacheOption = None,
    rounds: o.RoundsOption = 3,
    compare_paper: o.ComparePaperOption = False,
    fresh: o.FreshOption = True,
    sinks: o.SinksOption = "masks",
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Measure speed: each interval against the network on every frame, end to end and stage by stage."""
    intervals = numbers(interval, "--interval")
    kinds = words(sinks, SINKS, "--save")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    with heavy_imports():  # which wait until the options are known to be right
        from warpseg.measure.speed import run
        from warpseg.measure.speed.clip import street_clip

    options = {
        "fusion": usual_fusion(fusion, propagation), "fusion_weights": _text(fusion_weights),
        "propagation": propagation, "reverse": reverse, "motion": motion, "flow_weights": _text(flow_weights),
        "batch": batch or "auto", "memory": 1e9 * memory,
    }  # fmt: skip
    with errors(debug, usage=(ModelError, ValueError), kept="; nothing was written"):
        if source is None:
            note("synthetic street: rendered unless the cache has it")
            source = str(street_clip(size, max_frames or 100, cache))
        found = run.bench(
            source, out,
            model=model,
            loading={"device": device, "precision": precision, "imgsz": imgsz, "compile": compile_},
            options=options,
            scheme=scheme, intervals=intervals, save=kinds, rounds=rounds, max_frames=max_frames,
            compare_paper=compare_paper, fresh=fresh, command=sys.argv, progress=note,
        )  # fmt: skip
    _show(found, out, as_json=as_json)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _show(found: Bench, out: Path, *, as_json: bool) -> None:
    """Draw the plots and print the tables."""
    from warpseg.measure.speed import plot, table

    try:
        plot.draw_stages(found, out / "stages.png")
        plot.draw_speed(found, out / "speed.png")
    except OutputError as error:  # the numbers are there without them
        note(f"note: no plots: {error}")
    if as_json:
        print(json.dumps(found), flush=True)
        return
    for part in (table.speed(found), table.stages(found)):
        _print(part)
    for line in table.notes(found):
        print(line)
    print(f"{out / 'bench.json'}: all numbers")


def _print(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Rich

    header, rows = table
    shown = Rich(box=None, pad_edge=False)
    for k, name in enumerate(header):
        shown.add_column(name, justify="right" if k else "left")
    for row in rows:
        shown.add_row(*row)
    Console(width=200).print(shown, end="\n\n")  # one line per row: a terminal may wrap it, a file need not
