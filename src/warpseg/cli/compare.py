"""``warpseg compare``: compares two runs over one video."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.values import check_file
from warpseg.errors import OutputError
from warpseg.messages import printable

if TYPE_CHECKING:
    from warpseg.measure.runs.agreement import Comparison

__all__ = ["compare"]


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", show_default=False, help="Folder of a run, with masks.")],
    b: Annotated[Path, typer.Argument(metavar="B", show_default=False, help="Folder of another run, with masks.")],
    out: o.OutPageOption = None,
    overwrite: o.OverwriteOption = False,
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Compare two runs over one video: settings, speed and agreement of their labels."""
    check_file(out, "--out", ".html", ".htm")

    # Heavy imports wait until the options are known to be right.
    from warpseg.measure.runs.agreement import compare as agreement
    from warpseg.measure.runs.page import write_comparison
    from warpseg.run.folder import Run

    with errors(debug):
        if out is not None and out.exists() and not overwrite:
            raise OutputError(f"{out}: already there; choose another --out or give --overwrite")
        found = agreement(Run.read(a), Run.read(b))
        if out is not None:
            write_comparison(out, found)
    for line in found.notes():
        note(f"note: {line}")
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    from warpseg.view.html import number, percent

    speeds = [run.facts.get("frames_per_second") for run in (found.a, found.b)]
    print(f"A  {printable(found.a.folder)}: {number(speeds[0])} frames a second")
    print(f"B  {printable(found.b.folder)}: {number(speeds[1])} frames a second")
    for name, mine, other in found.settings():
        print(printable(f"  {name:<16} {mine} | {other}"))
    worst = found.worst
    print(f"  {'agreement':<16} {percent(found.agreement)} of pixels, {percent(found.mean_iou)} mean IoU")
    print(f"  {'worst':<16} frame {worst.index}: {percent(worst.agreement)} of pixels, {found.frames} frames compared")
    for name, iou in zip(found.a.classes.names, found.by_class, strict=True):
        if iou is not None:
            print(f"    {printable(name):<14} {percent(iou):>7}")
