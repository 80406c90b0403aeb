"""Which of two hypotheses the picture itself supports, and how far it supports any.

An intermediate frame is decoded anyway. If motion leads rightly to a keyframe, that keyframe's picture looks there as
this one does here; where it does not, the keyframe's result is not of the same thing. So each carried map is weighed by
the difference of the two pictures along its path, and where neither agrees the result says so.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from warpseg.motion.differences import differences
from warpseg.schemes import Carried, Verdict
from warpseg.types import Frame

__all__ = ["belief", "by_evidence"]

# Chosen on synthetic streets and unlabelled clips, see docs/fusion.md.
_SHARPNESS = 0.15  # change of the weight's logit per grey level by which the other path's pictures differ more
_DISTANCE = 0.5  # how much of the logit of the paper's weight counts beside it
_DOUBTFUL = 10.0  # grey levels of difference at which confidence is one half


def by_evidence(frame: Frame, forward: Carried | None, backward: Carried | None, alpha: float) -> Verdict:
    """Weigh two carried maps cell by cell by how well the pictures agree along their paths; a ``schemes.Judge``.

    Where there are no pictures, or no path, the weight is the paper's and there is no confidence.
    """
    ahead, behind = _difference(frame, forward), _difference(frame, backward)
    if (forward is not None and ahead is None) or (backward is not None and behind is None):
        return Verdict(alpha)
    if ahead is not None and behind is not None:
        logit = _DISTANCE * math.log(alpha / (1 - alpha))
        weight = torch.sigmoid(torch.from_numpy(behind - ahead).mul_(_SHARPNESS).add_(logit))
        left = torch.lerp(torch.from_numpy(behind), torch.from_numpy(ahead), weight)
    elif ahead is not None or behind is not None:
        one = ahead if ahead is not None else behind
        assert one is not None
        weight, left = torch.tensor(alpha), torch.from_numpy(one)
    else:
        return Verdict(alpha)
    confidence = torch.from_numpy(belief(left.numpy()))
    carried = forward if forward is not None else backward
    assert carried is not None
    return Verdict(weight.to(carried.f.device), confidence)


def _difference(frame: Frame, carried: Carried | None) -> NDArray[np.float32] | None:
    """Return the mean luma difference (h, w) in grey levels between a frame and its keyframe along the path."""
    if carried is None or carried.path is None or frame.plane is None or carried.key.plane is None:
        return None
    plane, other = frame.plane, carried.key.plane
    if plane.size != other.size:
        return None
    return differences(plane, other, carried.path.offsets.numpy())


def belief(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return confidence in [0, 1] by the difference of two pictures, grey levels."""
    return (1 / (1 + (difference / _DOUBTFUL) ** 2)).astype(np.float32)
