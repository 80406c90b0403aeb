"""Which of two hypotheses the picture itself supports, and how far it supports any.

An intermediate frame is decoded anyway. If motion leads rightly to a keyframe, that keyframe's picture looks there as
this one does here; where it does not, the keyframe's result is not of the same thing. So each carried map is weighed by
the difference of the two pictures along its path, and where neither agrees the result says so.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from warpseg.core.geometry import inside
from warpseg.core.schemes import Carried, Verdict
from warpseg.types import Frame, confidence_of

__all__ = ["DISTANCE", "OUTSIDE", "SHARPNESS", "by_evidence", "judged_by_distance"]

# Chosen on synthetic streets and unlabelled clips, see docs/fusion.md.
SHARPNESS = 0.15  # change of the weight's logit per grey level by which the other path's pictures differ more
DISTANCE = 0.5  # how much of the logit of the paper's weight counts beside it
OUTSIDE = 5.0  # grey levels that a path counts for more if it ends outside of the frame, where it found the border


def by_evidence(frame: Frame, forward: Carried | None, backward: Carried | None, alpha: float) -> Verdict:
    """Weigh two carried maps cell by cell by how well the pictures agree along their paths; a ``schemes.Judge``.

    Where there are no pictures, or no path, the weight is the paper's and there is no confidence.
    """
    if forward is None or backward is None:
        return judged_by_distance(frame, forward, backward, alpha)
    ahead, behind = _difference(frame, forward), _difference(frame, backward)
    if ahead is None or behind is None:
        return Verdict(alpha)
    evidence = behind - ahead + OUTSIDE * (_outside(backward) - _outside(forward))
    weight = torch.sigmoid(evidence.mul_(SHARPNESS).add_(DISTANCE * math.log(alpha / (1 - alpha))))
    return Verdict(weight.to(forward.origin.device), _confidence(torch.lerp(behind, ahead, weight)))


def judged_by_distance(frame: Frame, forward: Carried | None, backward: Carried | None, alpha: float) -> Verdict:
    """Weigh by distance alone, as the paper does; the pictures say only how far to trust the result."""
    found = [_difference(frame, carried) for carried in (forward, backward) if carried is not None]
    known = [each for each in found if each is not None]
    if not found or len(known) < len(found):
        return Verdict(alpha)
    return Verdict(alpha, _confidence(torch.lerp(known[-1], known[0], alpha)))


def _difference(frame: Frame, carried: Carried | None) -> Tensor | None:
    """Return the mean luma difference (h, w) in grey levels between a frame and its keyframe along the path."""
    if carried is None or carried.path is None:
        return None
    return frame.difference(carried.key, carried.path)


def _confidence(left: Tensor) -> Tensor:
    """Return confidence (h, w) in [0, 1] by the difference that the chosen mixture leaves, in grey levels."""
    return torch.from_numpy(confidence_of(left.numpy()))


def _outside(carried: Carried) -> Tensor:
    """Return 1 where the path to the keyframe ends outside of the frame, else 0; (h, w)."""
    assert carried.path is not None
    return 1 - inside(carried.path.offsets)
