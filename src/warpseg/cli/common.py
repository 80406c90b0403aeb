"""What all commands share: times and sizes as they are typed, and errors as they are told."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from warpseg.errors import WarpsegError

__all__ = ["check_page", "complain", "picture_size", "seconds"]


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


def picture_size(text: str | None, option: str) -> int | tuple[int, int] | None:
    """Read ``360`` or ``360x640``, (height, width) in pixels; ends the command (exit code 2) where it is neither."""
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and int(side) for side in sides):
        raise typer.BadParameter(
            f"{text!r}: expected pixels of the shorter side, such as 360, or HEIGHTxWIDTH", param_hint=option
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def check_page(path: Path, option: str) -> None:
    """End the command (exit code 2) unless an HTML page can go by that name."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{path}: a name that ends in .html is expected", param_hint=option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"{path.parent}: no such folder", param_hint=option)


def complain(error: Exception) -> None:
    """Print an error as one line on standard error."""
    what = str(error) if isinstance(error, (WarpsegError, ValueError)) else f"{type(error).__name__}: {error}"
    print(f"error: {' '.join(what.split())}", file=sys.stderr)
