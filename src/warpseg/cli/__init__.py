"""Command line: one file per command. Exit codes: 0 done, 1 some inputs failed, 2 usage, 130 interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from warpseg import __version__
from warpseg.cli.bench import bench
from warpseg.cli.calibrate import calibrate
from warpseg.cli.compare import compare
from warpseg.cli.evaluate import evaluate
from warpseg.cli.help import Command
from warpseg.cli.info import info
from warpseg.cli.output import guard_output
from warpseg.cli.reproduce import reproduce
from warpseg.cli.segment import segment
from warpseg.run.startup import keep_memory

__all__ = ["app", "run"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Segment video many times faster: the network on keyframes, motion vectors for intermediate frames.",
)
for command in (segment, info, evaluate, reproduce, compare, calibrate, bench):
    app.command(cls=Command)(command)


def _version(asked: bool) -> None:
    if asked:
        print(f"warpseg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line; ends in ``SystemExit`` with its exit code."""
    keep_memory()
    output = guard_output()
    try:
        app()
    except SystemExit as end:
        output.flush()
        if not end.code and output.failed:
            raise SystemExit(1) from None
        raise
