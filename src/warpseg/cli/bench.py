"""``warpseg bench``: how fast it is on this machine, and where the time goes."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from warpseg.cli.common import complain, picture_size
from warpseg.cli.lists import numbers, words
from warpseg.errors import ModelError, OutputError
from warpseg.run.startup import heavy_imports
from warpseg.sinks import SINKS

if TYPE_CHECKING:
    from warpseg.measure.speed.table import Table

__all__ = ["bench"]

_KINDS = tuple(SINKS)


def bench(
    source: Annotated[
        str | None,
        typer.Argument(show_default=False, help="A video; without one, a synthetic street is rendered and kept."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="For bench.json, stages.png and speed.png.")
    ] = Path("bench"),
    model: Annotated[str, typer.Option("--model", "-m", help="As for warpseg segment.")] = "camvid",
    scheme: Annotated[
        Literal["copy", "propagate", "interpolate"],
        typer.Option(help="As for warpseg segment; frame by frame is always measured beside it."),
    ] = "interpolate",
    interval: Annotated[
        str, typer.Option("--interval", "-n", metavar="N,...", help="Intervals, as 1,2,5 or 1-10.")
    ] = "1,2,5,10,20",
    fusion: Annotated[
        Literal["confidence", "average", "maximum"], typer.Option(help="As for warpseg segment.")
    ] = "confidence",
    motion: Annotated[
        Literal["auto", "codec", "estimate", "flow", "none"], typer.Option(help="As for warpseg segment.")
    ] = "auto",
    save: Annotated[
        str, typer.Option(metavar="KINDS", help=f"What is written, with commas: {', '.join(_KINDS)}.")
    ] = "masks",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all intervals take turns.")] = 3,
    max_frames: Annotated[int, typer.Option(min=2, help="Frames of the source, or of the street.")] = 100,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of the street.")] = "1280x720",
    compare_paper: Annotated[
        bool, typer.Option("--compare-paper", help="Time the paper's way in the same rounds: features, full softmax.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh/--no-fresh", help="Measure first mask and memory, in processes of their own.")
    ] = True,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:i or mps.")] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"], typer.Option(help="As for warpseg segment.")
    ] = "auto",
    imgsz: Annotated[str | None, typer.Option(metavar="N|HxW", help="As for warpseg segment.")] = None,
    compile_: Annotated[bool, typer.Option("--compile", help="As for warpseg segment.")] = False,
    batch: Annotated[int | None, typer.Option(min=1, help="As for warpseg segment.")] = None,
    memory: Annotated[float, typer.Option(metavar="GB", help="As for warpseg segment.")] = 1.0,
    cache: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the street is kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON result instead of tables.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure speed: each interval against the network on every frame, end to end and stage by stage."""
    intervals = numbers(interval, "--interval")
    kinds = words(save, _KINDS, "--save")
    network_size = picture_size(imgsz, "--imgsz")
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16) or (
        int(width) % 2 or int(height) % 2
    ):
        raise typer.BadParameter(f"{size!r}: expected a size of even numbers, as 1280x720", param_hint="--size")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the arguments are known to be right.
    with heavy_imports():
        from warpseg.measure.speed import plot, run, table
        from warpseg.measure.speed.clip import street_clip

    def said(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        if source is None:
            said("the synthetic street: rendered unless it is there already")
            source = str(street_clip((int(height), int(width)), max_frames, cache))
        found = run.bench(
            source, out,
            model=model,
            loading={"device": device, "precision": precision, "imgsz": network_size, "compile": compile_},
            options={"fusion": fusion, "motion": motion, "batch": batch or "auto", "memory": 1e9 * memory},
            scheme=scheme, intervals=intervals, save=kinds, rounds=rounds, max_frames=max_frames,
            compare_paper=compare_paper, fresh=fresh, command=sys.argv, progress=said,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        raise typer.Exit(130) from None
    except Exception as error:
        if debug:
            raise
        complain(error)
        raise typer.Exit(2 if isinstance(error, (ModelError, ValueError)) else 1) from error
    try:
        plot.draw_stages(found, out / "stages.png")
        plot.draw_speed(found, out / "speed.png")
    except OutputError as error:  # the numbers are there without them
        said(f"note: no plots: {error}")
    if as_json:
        print(json.dumps(found), flush=True)
        return
    for part in (table.speed(found), table.stages(found)):
        _show(part)
    for line in table.notes(found):
        print(line)
    print(f"{out / 'bench.json'} holds all of it")


def _show(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Rich

    header, rows = table
    shown = Rich(box=None, pad_edge=False)
    for k, name in enumerate(header):
        shown.add_column(name, justify="right" if k else "left")
    for row in rows:
        shown.add_row(*row)
    Console(width=200).print(shown, end="\n\n")  # a row is a line: a terminal may wrap it, a file need not
