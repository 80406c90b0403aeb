"""What all commands share: times as they are typed, and errors as they are told."""

from __future__ import annotations

import sys

import typer

from warpseg.errors import WarpsegError

__all__ = ["complain", "seconds"]


def seconds(text: str | None, option: str) -> float | None:
    """Read ``90``, ``1:30`` or ``0:01:30.5`` as seconds; ends the command (exit code 2) where it is none of these."""
    if text is None:
        return None
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(not 0 <= part < float("inf") for part in parts):
        raise typer.BadParameter(f"{text!r}: expected seconds or HH:MM:SS", param_hint=option)
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def complain(error: Exception) -> None:
    """Print an error as one line on standard error."""
    what = str(error) if isinstance(error, WarpsegError) else f"{type(error).__name__}: {error}"
    print(f"error: {' '.join(what.split())}", file=sys.stderr)
