"""Method options: the interval and the default fusion, which depend on further options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from warpseg.engine.choices import PROPAGATIONS
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.core.adaptive import Adaptive

__all__ = ["check_max_interval", "interval_of", "usual_fusion"]


def usual_fusion(fusion: str | None, propagation: str) -> str:
    """Return the fusion, by default the best that the propagation allows."""
    return fusion or ("confidence" if PROPAGATIONS[propagation].has_path else "average")


def check_max_interval(max_interval: int | None, *, is_auto: bool) -> int:
    """Return the largest interval, by default 30; ends the command if one is given in vain."""
    if max_interval is not None and not is_auto:
        raise typer.BadParameter("needs --interval auto", param_hint="--max-interval")
    return max_interval or 30


def interval_of(
    interval: str, max_interval: int | None, keyframes_per_second: float | None, target_fps: float | None
) -> int | str | Adaptive:
    """Return the interval for ``Method``, which checks it; options that need each other are checked here."""
    longest = check_max_interval(max_interval, is_auto=interval == "auto")
    paces = {"--keyframes-per-second": keyframes_per_second, "--target-fps": target_fps}
    given = {name: value for name, value in paces.items() if value is not None}
    for name, value in given.items():
        if interval != "auto":
            raise typer.BadParameter("needs --interval auto", param_hint=name)
        if not 0 < value < float("inf"):
            raise typer.BadParameter(f"{value:g}: expected more than 0", param_hint=name)
    if len(given) > 1:
        raise typer.BadParameter("excludes --keyframes-per-second: give one of them", param_hint="--target-fps")
    if interval != "auto":
        return int(interval) if interval.isdecimal() else interval

    with heavy_imports():
        from warpseg.core import adaptive

    pace = None
    if keyframes_per_second is not None:
        pace = adaptive.keyframes_per_second(keyframes_per_second)
    elif target_fps is not None:
        pace = adaptive.frames_per_second(target_fps)
    return adaptive.Adaptive(longest=longest, pace=pace)
