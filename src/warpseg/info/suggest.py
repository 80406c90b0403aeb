"""Which interval to begin with, judged from how far composed motion carries the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from warpseg.info.quality import Sums, psnr

__all__ = ["suggest"]

_SHARE = 0.5  # of the decibels that motion wins over zero motion one frame back: once lost, motion has carried enough
_LEAST_LOSS = 1.5  # dB that are allowed where motion wins next to nothing, as in a picture that hardly moves
_GOOD = 36.0  # dB: errors that nobody sees, however they grew
_LEAST, _MOST = 2, 30  # frames


def suggest(back: Mapping[int, Sums]) -> tuple[int | None, str]:
    """Return the suggested interval and one line of why; None where there is nothing to judge from.

    ``back`` holds the errors by distance. One frame back, motion explains the picture by so many decibels better than
    no motion does. The reach of motion is the distance, interpolated between those measured, over which composed motion
    has lost half of them (1.5 dB at least) and fallen below 36 dB. The interval is twice the reach, because between two
    keyframes no frame is farther from one of them than half the interval; 2 at least and 30 at most. A starting point
    only: pictures are not labels, and ``warpseg calibrate`` measures those.
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
        return interval, f"composed motion still explains the picture {reach:g} frames back, the farthest measured"
    return interval, f"composed motion carries the picture {reach:.1f} frames, and two keyframes carry twice as far"


def _margin(sums: Sums) -> float:
    """Return how many dB the warped picture is above what is still good."""
    here, nearest, still = (psnr(sum / sums.pairs) for sum in (sums.warped, sums.nearest, sums.nearest_still))
    if math.isinf(here):
        return 1000.0
    loss = max(_SHARE * (nearest - still), _LEAST_LOSS) if math.isfinite(nearest - still) else _LEAST_LOSS
    return here - min(nearest - loss, _GOOD)
