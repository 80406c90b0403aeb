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
    ``Method``; weights go to the methods that use them.
    """
    found = [EVERY]
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
    return list(dict.fromkeys(found))
