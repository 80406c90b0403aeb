"""``warpseg compare``: two runs side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warpseg.cli.common import check_page, complain
from warpseg.errors import OutputError, WarpsegError
from warpseg.run.interrupt import announce

if TYPE_CHECKING:
    from warpseg.measure.runs.agreement import Comparison

__all__ = ["compare"]


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", show_default=False, help="Folder of a run, with masks.")],
    b: Annotated[Path, typer.Argument(metavar="B", show_default=False, help="Folder of another run, with masks.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.html", help="Write a page that shows both.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a page that is there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Compare two runs over one video: settings, speed, and how far their labels agree."""
    if out is not None:
        check_page(out, "--out")

    # Heavy imports wait until the arguments are known to be right.
    from warpseg.measure.runs.agreement import compare as agreement
    from warpseg.measure.runs.page import write_comparison
    from warpseg.run.folder import Run

    try:
        if out is not None and out.exists() and not overwrite:
            raise OutputError(f"{out}: already there; choose another --out or give --overwrite")
        found = agreement(Run.read(a), Run.read(b))
        if out is not None:
            write_comparison(out, found)
    except KeyboardInterrupt:
        announce()
        raise typer.Exit(130) from None
    except WarpsegError as error:
        if debug:
            raise
        complain(error)
        raise typer.Exit(1) from error
    for note in found.notes():
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    from warpseg.view.html import number, percent

    speeds = [run.facts.get("frames_per_second") for run in (found.a, found.b)]
    print(f"A  {found.a.folder}: {number(speeds[0])} frames a second")
    print(f"B  {found.b.folder}: {number(speeds[1])} frames a second")
    for name, mine, other in found.settings():
        print(f"  {name:<16} {mine} | {other}")
    worst = found.worst
    print(f"  {'agreement':<16} {percent(found.agreement)} of pixels, {percent(found.mean_iou)} mean IoU")
    print(f"  {'worst':<16} frame {worst.index}: {percent(worst.agreement)} of pixels, {found.frames} frames compared")
    for name, iou in zip(found.a.classes.names, found.by_class, strict=True):
        if iou is not None:
            print(f"    {name:<14} {percent(iou):>7}")
