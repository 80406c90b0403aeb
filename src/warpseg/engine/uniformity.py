"""Uniformity: finds networks whose scores do not depend on the place in the picture."""

from __future__ import annotations

from warpseg.core.schemes import Estimate

__all__ = ["Uniformity"]


class Uniformity:
    """Watches the scores of keyframes; stops at the first that differ from cell to cell."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._keyframes = 0
        self._uniform = True

    def see(self, estimate: Estimate) -> None:
        """Take one result."""
        if not self._uniform or estimate.distance:
            return
        scores = estimate.scores.flatten(1)
        self._keyframes += 1
        self._uniform = scores.shape[1] > 1 and bool((scores == scores[:, :1]).all())

    def notes(self) -> list[str]:
        """Return a line if no keyframe's scores differed from cell to cell, else nothing."""
        if not self._uniform or not self._keyframes:
            return []
        return [
            f"{self._name}: gave the same scores for every cell of all {self._keyframes} keyframes, so each frame has "
            "one label; check its weights and the range of values that it expects (RGB in 0..1)"
        ]
