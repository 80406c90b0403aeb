"""Temporal consistency along the motion."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from warpseg.core.schemes import Estimate
from warpseg.measure.accuracy.consistency import consistency, moves
from warpseg.types import Classes, Frame, MotionField


def test_consistency_counts_labels_that_move_as_the_picture_does() -> None:
    """Stripes of two pixels that slide by one: all equal along their motion, half of them without it."""
    stripes = np.arange(24) // 2 % 2
    pan = MotionField(torch_pan(1 / 24), MotionField.zero().confidence)
    frames = [Frame(i, Fraction(i), (4, 24), pan, motion_source="codec") for i in range(3)]

    def slide(frames: Any) -> Any:
        import torch

        for frame in frames:
            row = torch.from_numpy(np.roll(stripes, -frame.index))
            yield Estimate(frame, 0, torch.nn.functional.one_hot(row, 2).T[:, None].expand(2, 4, 24).float())

    classes = Classes(("a", "b"), ((0, 0, 0),) * 2)
    moved = consistency(frames, slide, moves(frames), classes)
    assert moved[:, 1].tolist() == [4 * 23] * 2  # what came in at the border is not compared
    assert moved[:, 0].tolist() == [4 * 23] * 2
    still = consistency(frames, slide, {i: MotionField.zero() for i in range(3)}, classes)
    assert still.tolist() == [[4 * 12, 4 * 24]] * 2


def torch_pan(dx: float) -> Any:
    import torch

    return torch.tensor([dx, 0.0])[:, None, None]
