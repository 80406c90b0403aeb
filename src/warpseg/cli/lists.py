"""Options that hold several values, with commas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import typer

__all__ = ["intervals", "numbers", "words"]


def words(text: str, accepted: Sequence[str], option: str) -> list[str]:
    """Read ``a,b``; ends the command (exit code 2) for words that are not accepted."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    strange = [word for word in found if word not in accepted]
    if strange or not found:
        raise typer.BadParameter(f"{text!r}: expected some of {', '.join(accepted)}, with commas", param_hint=option)
    return list(dict.fromkeys(found))


def numbers(text: str, option: str, *, least: int = 1) -> list[int]:
    """Read ``1,2,5`` and ``1-10``; ends the command (exit code 2) where it is neither."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            found = []
            break
        found.extend(range(int(first), int(last or first) + 1))
    if not found or min(found) < least:
        raise typer.BadParameter(f"{text!r}: expected numbers of at least {least}, as 1,2,5 or 1-10", param_hint=option)
    return list(dict.fromkeys(found))


def intervals(text: str, option: str) -> list[int | Literal["auto"]]:
    """Read ``2,5,auto``; ends the command (exit code 2) where it is none of numbers, ranges and ``auto``."""
    parts = [part.strip() for part in text.split(",")]
    fixed = ",".join(part for part in parts if part != "auto")
    found: list[int | Literal["auto"]] = [*numbers(fixed, option)] if fixed or "auto" not in parts else []
    return [*found, *(["auto"] if "auto" in parts else [])]  # type: ignore[list-item]
