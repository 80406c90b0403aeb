"""``--interval`` and the options that go with ``auto``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.core.adaptive import Adaptive

__all__ = ["interval_of"]


def interval_of(
    interval: str, max_interval: int | None, keyframes_per_second: float | None, target_fps: float | None
) -> int | Adaptive:
    """Return what ``Segmenter`` takes as its interval; usage errors end the command."""
    beside = {
        "--max-interval": max_interval,
        "--keyframes-per-second": keyframes_per_second,
        "--target-fps": target_fps,
    }
    given = [name for name, value in beside.items() if value is not None]
    if interval != "auto":
        if given:
            raise typer.BadParameter("is for --interval auto", param_hint=given[0])
        if not interval.isdecimal() or int(interval) < 1:
            raise typer.BadParameter(
                f"{interval!r}: expected a whole number of frames, 1 or more, or auto", param_hint="--interval"
            )
        return int(interval)
    if keyframes_per_second is not None and target_fps is not None:
        raise typer.BadParameter("is another pace than --keyframes-per-second: give one", param_hint="--target-fps")
    for name, value in beside.items():
        if value is not None and not 0 < value < float("inf"):
            raise typer.BadParameter(f"{value:g}: expected more than 0", param_hint=name)

    with heavy_imports():
        from warpseg.core import adaptive

    pace = None
    if keyframes_per_second is not None:
        pace = adaptive.keyframes_per_second(keyframes_per_second)
    elif target_fps is not None:
        pace = adaptive.frames_per_second(target_fps)
    return adaptive.Adaptive(longest=max_interval or 30, pace=pace)
