"""Value types: a field of the wrong type, shape or value is an error of one line where the object is made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from warpseg.types import Classes, Frame, MotionField, Picture, VideoInfo

MOTION = MotionField.zero((3, 4))
FRAME = Frame(0, Fraction(0), (48, 64), MOTION)
INFO = VideoInfo("clip", (48, 64))
LUMA = np.zeros((48, 64), np.uint8)
PICTURE = Picture(0, Fraction(0), (48, 64), "I", LUMA, None, 0, lambda: np.zeros((48, 64, 3), np.uint8))
CLASSES = Classes(("road", "car"), ((1, 2, 3), (4, 5, 6)))

WRONG: list[tuple[Any, dict[str, object], type[Exception], str]] = [
    (MOTION, {"offsets": np.zeros((2, 3, 4))}, TypeError, r"offsets: expected a floating.* \(got float64 ndarray\)"),
    (MOTION, {"offsets": torch.zeros(2, 3, 4, dtype=torch.int16)}, TypeError, r"\(got torch.int16 Tensor\)"),
    (MOTION, {"offsets": torch.zeros(1, 3, 4)}, ValueError, r"offsets: expected \(2, h, w\).* \(got \(1, 3, 4\)\)"),
    (MOTION, {"offsets": torch.zeros(2, 0, 4)}, ValueError, r"\(got \(2, 0, 4\)\)"),
    (MOTION, {"confidence": None}, TypeError, r"confidence: .* \(got NoneType\)"),
    (MOTION, {"confidence": torch.ones(4, 3)}, ValueError, r"confidence: expected \(3, 4\).* \(got \(4, 3\)\)"),
    (FRAME, {"index": 1.0}, TypeError, r"Frame.index: expected an int \(got 1.0\)"),
    (FRAME, {"index": -1}, ValueError, r"Frame.index: expected 0 or more \(got -1\)"),
    (FRAME, {"time": 0.04}, TypeError, r"Frame.time: expected a Fraction \(got 0.04\)"),
    (FRAME, {"size": (48.0, 64)}, TypeError, r"Frame.size: expected \(height, width\) .* \(got \(48.0, 64\)\)"),
    (FRAME, {"size": (48, 64, 3)}, TypeError, r"\(got \(48, 64, 3\)\)"),
    (FRAME, {"size": (0, 64)}, ValueError, r"at least one pixel \(got \(0, 64\)\)"),
    (FRAME, {"motion": MOTION.offsets}, TypeError, r"Frame.motion: .* \(got torch.float32 Tensor\)"),
    (FRAME, {"picture": "K"}, ValueError, r"Frame.picture: expected one of None, I, P, B \(got 'K'\)"),
    (FRAME, {"motion_source": "auto"}, ValueError, r"one of none, codec, estimate, flow \(got 'auto'\)"),
    (PICTURE, {"index": None}, TypeError, r"Picture.index: .* \(got None\)"),
    (PICTURE, {"time": 1}, TypeError, r"Picture.time: expected a Fraction \(got 1\)"),
    (PICTURE, {"size": [48, 64]}, TypeError, r"Picture.size: .* \(got \[48, 64\]\)"),
    (PICTURE, {"type": "i"}, ValueError, r"Picture.type: .* \(got 'i'\)"),
    (PICTURE, {"rotation": -90}, ValueError, r"one of 0, 90, 180, 270 \(got -90\)"),
    (PICTURE, {"luma": np.zeros((48, 64), np.float32)}, TypeError, r"luma: expected a uint8 array \(got float32"),
    (PICTURE, {"luma": LUMA[:, :, None]}, ValueError, r"luma: expected \(48, 64\).* \(got \(48, 64, 1\)\)"),
    (PICTURE, {"rotation": 90}, ValueError, r"luma: expected \(64, 48\).* 90 degrees \(got \(48, 64\)\)"),
    (INFO, {"size": (48, -64)}, ValueError, r"VideoInfo.size: .* \(got \(48, -64\)\)"),
    (INFO, {"frame_rate": 25}, TypeError, r"frame_rate: expected a Fraction \(got 25\)"),
    (INFO, {"frame_rate": Fraction(0)}, ValueError, r"frame_rate: expected more than 0 \(got 0\)"),
    (INFO, {"time_base": None}, TypeError, r"time_base: expected a Fraction \(got None\)"),
    (INFO, {"sample_aspect_ratio": Fraction(-1)}, ValueError, r"sample_aspect_ratio: .* \(got -1\)"),
    (INFO, {"start_time": 0.0}, TypeError, r"start_time: expected a Fraction \(got 0.0\)"),
    (INFO, {"rotation": 45}, ValueError, r"VideoInfo.rotation: .* \(got 45\)"),
    (INFO, {"matrix": "bt2100"}, ValueError, r"one of bt601, bt709, bt2020 \(got 'bt2100'\)"),
    (INFO, {"frame_count": -1}, ValueError, r"frame_count: expected 0 or more \(got -1\)"),
    (CLASSES, {"names": ["road", "car"]}, TypeError, r"names: expected a tuple of strings \(got \['road'"),
    (CLASSES, {"colours": [(1, 2, 3), (4, 5, 6)]}, TypeError, r"colours: expected a tuple of .* \(got \["),
    (CLASSES, {"colours": ((1, 2, 3),)}, ValueError, r"colours: expected one per name, 2 \(got 1\)"),
    (CLASSES, {"colours": ((1, 2, 3), (4, 5))}, TypeError, r"colours\[1\]: .* \(got \(4, 5\)\)"),
    (CLASSES, {"colours": ((1, 2, 3), (0.5, 0, 0))}, TypeError, r"as ints \(got \(0.5, 0, 0\)\)"),
    (CLASSES, {"colours": ((1, 2, 256), (4, 5, 6))}, ValueError, r"\[0\]: expected 0 to 255 \(got \(1, 2, 256\)\)"),
]
IDS = [f"{type(good).__name__}-{'-'.join(change)}-{i}" for i, (good, change, _, _) in enumerate(WRONG)]


@pytest.mark.parametrize(("good", "change", "error", "message"), WRONG, ids=IDS)
def test_a_wrong_field_is_named(good: Any, change: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        replace(good, **change)
    assert str(raised.value).startswith(f"{type(good).__name__}.")
    assert "\n" not in str(raised.value)


def test_what_is_right_is_accepted() -> None:
    assert replace(FRAME, picture="B", motion_source="flow").size == (48, 64)
    assert replace(INFO, frame_rate=None, frame_count=0, rotation=270).frame_rate is None
    assert replace(PICTURE, rotation=90, luma=np.zeros((64, 48), np.uint8)).rotation == 90
    assert MotionField(torch.zeros(2, 3, 4, dtype=torch.float64), torch.ones(3, 4)).size == (3, 4)
    assert len(Classes.numbered(300)) == 300
