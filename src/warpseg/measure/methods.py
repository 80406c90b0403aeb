"""Methods: every combination of schemes, intervals and motion sources that an evaluation asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from warpseg.engine.choices import MOTIONS, SCHEMES
from warpseg.engine.method import EVERY, Method

__all__ = ["methods"]


def methods(
    schemes: Sequence[str],
    intervals: Sequence[int | Literal["auto"]],
    motions: Sequence[str],
    *,
    fusion_weights: Any = None,
    flow_weights: Any = None,
    **options: Any,
) -> list[Method]:
    """Return frame by frame and every combination once; interval 1 is frame by frame, copies do not move.

    The interval ``auto`` follows motion: it is left out for copies, and without motion. ``options`` are fields of
    ``Method``; weights go to the methods that use them. Raises ``ValueError`` for options that do not fit together, or
    that no method uses.
    """
    found = [EVERY]
    if flow_weights is not None and not any(MOTIONS[motion].weights for motion in motions):
        raise ValueError(f"flow_weights are for motion 'flow', not {', '.join(motions)}")
    if fusion_weights is not None and not any("fusion" in SCHEMES[scheme].uses for scheme in schemes):
        raise ValueError(f"fusion_weights are for scheme 'interpolate', not {', '.join(schemes)}")
    for scheme in schemes:
        uses = SCHEMES[scheme].uses
        given = dict(options)
        if "fusion" in uses:
            given["fusion_weights"] = fusion_weights
        elif "fusion" in given:
            del given["fusion"]
        for motion in motions if "propagation" in uses else motions[:1]:
            weights = flow_weights if MOTIONS[motion].weights else None
            for n in intervals:
                impossible = n == "auto" and ("propagation" not in uses or not MOTIONS[motion].moves)
                if scheme != "every" and n != 1 and not impossible:
                    found.append(Method(scheme, n, motion=motion, flow_weights=weights, **given))
    if set(intervals) == {"auto"} and found == [EVERY]:
        raise ValueError(
            "interval 'auto' follows motion: choose scheme propagate or interpolate, and motion other than none"
        )
    return list(dict.fromkeys(found))
