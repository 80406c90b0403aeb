"""Suggestion of an interval to begin with, from the reach of motion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from warpseg.measure.video.quality import Sums, psnr

__all__ = ["suggest"]

_LOSS = 3.0  # dB: the squared error has doubled
_GOOD = 36.0  # dB: errors below it cannot be seen
_LEAST, _MOST = 2, 30  # frames


def suggest(back: Mapping[int, Sums]) -> tuple[int | None, str]:
    """Return the suggested interval and the reason in one line; None where no pairs of frames were compared.

    ``back`` holds the errors by distance. The reach of motion is the distance, interpolated between those measured, at
    which the warped picture is 3 dB worse than from one frame back, and worse than 36 dB. The interval is twice the
    reach, because no frame is farther from its nearest keyframe than half the interval; 2 at least and 30 at most. A
    starting point only: pictures are not labels, which ``warpseg calibrate`` measures.
    """
    margins = [(distance, _margin(sums)) for distance, sums in back.items() if sums.pairs]
    if not margins:
        return None, "no two frames of one scene to compare"
    reach = float(margins[-1][0])
    fell = False
    for (near, before), (far, after) in pairwise(margins):
        if after < 0:
            reach = near + (far - near) * before / (before - after)
            fell = True
            break
    interval = min(max(math.floor(2 * reach), _LEAST), _MOST)
    if not fell:
        return interval, f"motion still explains the picture {reach:g} frames back, the farthest measured"
    return interval, f"motion loses {_LOSS:g} dB over {reach:.1f} frames, and two keyframes reach twice as far"


def _margin(sums: Sums) -> float:
    """Return by how many dB the warped picture is above the limit."""
    here, nearest = psnr(sums.warped / sums.pairs), psnr(sums.nearest / sums.pairs)
    return 1000.0 if math.isinf(here) else here - min(nearest - _LOSS, _GOOD)
