"""Slowdown: finds, from the first keyframes, a network that costs less than what is to save its work."""

from __future__ import annotations

from dataclasses import replace

from warpseg.run.result import Report

__all__ = ["Slowdown"]

_WARM_UP = 2  # keyframes with first calls, compilation and filling queues in their time
_KEYFRAMES, _SECONDS = 4, 0.25  # that are measured after them, at least


class Slowdown:
    """Compares a run's speed with that of the network on every frame, once, soon after its start."""

    def __init__(self) -> None:
        self._begun: Report | None = None
        self._judged = False

    def see(self, report: Report) -> str | None:
        """Take the report so far; return one line if the run is slower than the network on every frame would be."""
        if self._judged or report.keyframes < _WARM_UP:
            return None
        if self._begun is None:
            self._begun = replace(report)
            return None
        since = replace(
            report,
            **{
                name: getattr(report, name) - getattr(self._begun, name)
                for name in ("frames", "keyframes", "seconds", "network_alone", "needed_anyway")
            },
        )
        if since.keyframes < _KEYFRAMES or since.seconds < _SECONDS:
            return None
        self._judged = True
        if since.speed_up is None or since.speed_up >= 1:
            return None
        return (
            f"the network costs less than motion and warping ({since.speed_up:.2f} times the speed of the network on "
            f"every frame over {since.keyframes} keyframes); use --scheme every, a larger --interval or --motion codec"
        )
