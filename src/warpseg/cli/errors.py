"""Errors: one line on standard error and an exit code for everything that can end a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from warpseg.errors import ModelError, WarpsegError
from warpseg.messages import explain, printable
from warpseg.run.interrupt import announce

__all__ = ["complain", "errors", "note"]


@contextmanager
def errors(
    debug: bool,
    *,
    usage: tuple[type[Exception], ...] = (ModelError,),
    failures: list[Exception] | None = None,
    kept: str | Callable[[], str] = "",
) -> Iterator[None]:
    """End the command with one line for an error: exit code 2 for ``usage``, else 1; 130 when interrupted.

    With ``failures`` an error is appended there instead, and the command goes on. ``debug`` keeps the traceback.
    ``kept`` ends the line about an interrupt.
    """
    try:
        yield
    except KeyboardInterrupt:
        announce(kept if isinstance(kept, str) else kept())
        raise typer.Exit(130) from None
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:  # also a network's own
        if debug:
            raise
        if failures is None:
            complain(error)
            raise typer.Exit(2 if isinstance(error, usage) else 1) from error
        failures.append(error)


def complain(error: Exception) -> None:
    """Print an error as one line on standard error."""
    named = explain(error) or f"{type(error).__name__}: {error}"
    text = str(error) if isinstance(error, (WarpsegError, ValueError)) else named
    print(f"error: {printable(' '.join(text.split()))}", file=sys.stderr)


def note(line: str) -> None:
    """Print a line on standard error at once."""
    print(printable(line), file=sys.stderr, flush=True)
