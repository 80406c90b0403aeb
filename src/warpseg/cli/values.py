"""Values: the text of an option read as times, sizes, numbers and lists of them, or as the name of a file.

Text that cannot be read ends the command with exit code 2.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

import typer

from warpseg.datasets.choices import DATASETS

__all__ = [
    "check_file", "check_range", "check_root", "frame_count", "frame_count_or_zero", "intervals", "numbers",
    "picture_size", "seconds", "street_size", "words",
]  # fmt: skip


def seconds(text: str) -> float:
    """Read ``90``, ``1:30`` or ``0:01:30.5`` as seconds."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(not 0 <= part < float("inf") for part in parts):
        raise typer.BadParameter(f"{text!r}: expected seconds or HH:MM:SS")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def check_range(start: float | None, end: float | None) -> None:
    """Refuse an end that is not after the start."""
    if end is not None and end <= (start or 0):
        raise typer.BadParameter(f"{end:g} s: expected a time after --start, {start or 0:g} s", param_hint="--end")


def picture_size(text: str) -> int | tuple[int, int]:
    """Read ``360`` or ``360x640``, (height, width) in pixels."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and int(side) for side in sides):
        raise typer.BadParameter(f"{text!r}: expected pixels of the shorter side, such as 360, or HEIGHTxWIDTH")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def street_size(text: str) -> tuple[int, int]:
    """Read ``1280x720``, width and height in even numbers of pixels, as (height, width)."""
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isdecimal() and int(side) >= 16 and int(side) % 2 == 0 for side in sides):
        raise typer.BadParameter(f"{text!r}: expected even numbers of pixels, such as 1280x720")
    return int(sides[1]), int(sides[0])


def frame_count(text: str | int) -> int | None:
    """Read a number of frames, 1 or more; ``all`` is None, no limit."""
    if text == "all":
        return None
    if not str(text).isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text!r}: expected a number of frames, 1 or more, or all")
    return int(text)


def frame_count_or_zero(text: str | int) -> int | None:
    """Read the same, and 0, a former spelling of ``all``."""
    return frame_count("all" if text == "0" else text)


def words(text: str, accepted: Collection[str], option: str) -> list[str]:
    """Read ``a,b``, a list of accepted words."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found or set(found) - set(accepted):
        raise typer.BadParameter(
            f"{text!r}: expected one or several of {', '.join(accepted)}, separated by commas", param_hint=option
        )
    return list(dict.fromkeys(found))


def numbers(text: str, option: str, *, least: int = 1) -> list[int]:
    """Read ``1,2,5`` and ``1-10``."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            found = []
            break
        found.extend(range(int(first), int(last or first) + 1))
    if not found or min(found) < least:
        raise typer.BadParameter(
            f"{text!r}: expected numbers of at least {least}, such as 1,2,5 or 1-10", param_hint=option
        )
    return list(dict.fromkeys(found))


def intervals(text: str, option: str) -> list[int | Literal["auto"]]:
    """Read ``2,5,auto``: numbers, ranges and ``auto``."""
    parts = [part.strip() for part in text.split(",")]
    fixed = ",".join(part for part in parts if part != "auto")
    found: list[int | Literal["auto"]] = [*numbers(fixed, option)] if fixed or "auto" not in parts else []
    return [*found, *(["auto"] if "auto" in parts else [])]  # type: ignore[list-item]


def check_file(path: Path | None, option: str, *suffixes: str) -> None:
    """Refuse a file to write that has another suffix, or whose folder does not exist."""
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise typer.BadParameter(f"{path}: expected a name that ends in {suffixes[0]}", param_hint=option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"{path.parent}: no such folder; make it first", param_hint=option)


def check_root(dataset: str, root: Path | None) -> None:
    """Refuse a data set on disk without its folder or file."""
    if root is None and not DATASETS[dataset].rendered:
        raise typer.BadParameter(f"{dataset} is read from a folder or file: give its path", param_hint="--root")
