"""Joining what comes from the previous and from the next keyframe (paper, section 3.6).

``alpha`` is the weight of the forward map: ``(n - p) / n`` at offset ``p`` of a window of ``n`` (paper: feature
relevance).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["FUSIONS", "Fusion", "average", "maximum", "maximum_literal"]

# alpha is the forward map's weight in [0, 1]: one for all cells, or one for each (h, w).
Fusion = Callable[[Tensor, Tensor, float | Tensor], Tensor]


def average(forward: Tensor, backward: Tensor, alpha: float | Tensor) -> Tensor:
    """Return the weighted average ``alpha forward + (1 - alpha) backward``; equal maps come back bit for bit."""
    return torch.lerp(backward, forward, alpha)


def maximum(forward: Tensor, backward: Tensor, alpha: float | Tensor) -> Tensor:
    """Return the weighted maximum, divided by the larger weight so that equal maps come back unchanged.

    Meant for non-negative features (after a ReLU): weighting brings a negative value nearer to zero, which raises it.
    """
    larger = torch.maximum(alpha, 1 - alpha) if isinstance(alpha, Tensor) else max(alpha, 1 - alpha)
    return maximum_literal(forward, backward, alpha) / larger


def maximum_literal(forward: Tensor, backward: Tensor, alpha: float | Tensor) -> Tensor:
    """Return ``max(alpha forward, (1 - alpha) backward)`` as printed in the paper.

    Shrinks features towards a window's middle.
    """
    return torch.maximum(alpha * forward, (1 - alpha) * backward)


FUSIONS: dict[str, Fusion] = {"average": average, "maximum": maximum, "maximum-literal": maximum_literal}
