"""Targets: the measure that a user asks for (mIoU, its drop, agreement, speed) and its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.accuracy.metrics import mean_iou

__all__ = ["Kind", "Measure", "Target", "by_distance", "shown", "worst"]

Values = NDArray[np.float64]
Measure = Literal["mIoU", "drop of mIoU", "agreement"]
Kind = Literal["min-miou", "max-drop", "min-agreement", "target-fps"]

_MEASURES: dict[Kind, Measure] = {"min-miou": "mIoU", "max-drop": "drop of mIoU", "min-agreement": "agreement"}


@dataclass(frozen=True)
class Target:
    """A target; ``value`` is in percent, points of mIoU or frames a second."""

    kind: Kind
    value: float

    @property
    def option(self) -> str:
        """The option of the command line that asks for it."""
        return "--min-fps" if self.kind == "target-fps" else f"--{self.kind}"

    @property
    def needs_labels(self) -> bool:
        """True where it can only be measured with labels."""
        return self.kind in ("min-miou", "max-drop")

    def measure(self, *, labelled: bool) -> Measure:
        """Return the measure of accuracy; for a speed, mIoU where there are labels, else agreement."""
        return _MEASURES.get(self.kind, "mIoU" if labelled else "agreement")

    def is_met(self, bound: float) -> bool:
        """Tell whether a lower bound of ``worst`` meets the target; always for a speed."""
        if self.kind == "target-fps":
            return True
        return bound >= (-self.value if self.kind == "max-drop" else self.value) / 100


def by_distance(measure: Measure, matrices: NDArray[Any]) -> Values:
    """Return mIoU, or for agreement the share of equal pixels, (...) of confusion matrices (..., classes, classes)."""
    if measure != "agreement":
        return mean_iou(matrices)
    return np.asarray(np.trace(matrices, axis1=-2, axis2=-1) / matrices.sum((-2, -1)), np.float64)


def worst(measure: Measure, values: Values) -> Values:
    """Return the minimum (...) over the distances 1 .. n-1 of ``by_distance`` (..., n); minus distance 0 for a drop.

    More is better for every measure.
    """
    least = values[..., 1:].min(-1) if values.shape[-1] > 1 else values[..., 0]
    return np.asarray(least - values[..., 0] if measure == "drop of mIoU" else least)


def shown(measure: Measure, value: float) -> float:
    """Return a value of ``worst`` for people: in percent or points, a drop as a positive number."""
    return -100 * value if measure == "drop of mIoU" else 100 * value
