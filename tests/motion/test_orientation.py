"""Motion of pictures that are turned or mirrored for display."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.pans import SIZE, encode, pan, share_right
from warpseg.core.geometry import warp
from warpseg.engine.source import Video
from warpseg.engine.timing import Stages
from warpseg.motion.orientation import rotate
from warpseg.motion.tracker import Tracker
from warpseg.types import MotionField, Picture
from warpseg.video import PictureReader, open_pictures

TURNS = [0, 90, 180, 270]
# Where the camera's right is in the displayed picture: counter-clockwise by 90 degrees, right becomes up.
SHOWN = {0: (5, 2), 90: (2, -5), 180: (-5, -2), 270: (-2, 5)}


def displayed(reader: PictureReader, degrees: int, mirrored: bool, motion: str) -> Video:
    """Return the video of a file whose container said that it is to be turned."""

    def pictures() -> Generator[Picture]:
        for picture in reader:
            size = picture.size[::-1] if degrees % 180 else picture.size
            yield replace(picture, size=size, rotation=degrees, mirrored=mirrored)

    return Video(PictureReader(reader.info, pictures(), [], reader.close), motion, Tracker(), Stages())


@pytest.mark.parametrize("motion", ["codec", "estimate"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", TURNS)
def test_motion_both_ways_is_that_of_the_displayed_picture(
    tmp_path: Path, degrees: int, mirrored: bool, motion: str
) -> None:
    reader = open_pictures(encode(tmp_path / "pan.mp4", pan((5, 2), 6)))
    x, y = SHOWN[degrees]
    x = -x if mirrored else x
    height, width = SIZE[::-1] if degrees % 180 else SIZE
    with displayed(reader, degrees, mirrored, motion) as video:
        found = list(video)
    for frame in found[1:]:
        assert frame.motion_source == motion
        assert frame.reverse is not None
        assert frame.size == (height, width)
        assert frame.motion.size == frame.reverse.size == (height // 4, width // 4)
        assert share_right(frame.motion, (x, y), (height, width)) > 0.99
        assert share_right(frame.reverse, (-x, -y), (height, width)) > 0.99


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize("size", [(12, 20), (9, 9), (15, 7)])
def test_a_turned_field_moves_the_turned_picture(size: tuple[int, int], degrees: int, mirrored: bool) -> None:
    g = torch.Generator().manual_seed(degrees)
    x = torch.randn(3, *size, generator=g)
    motion = MotionField(0.2 * torch.randn(2, *size, generator=g), torch.rand(*size, generator=g))

    def shown(maps: torch.Tensor) -> torch.Tensor:
        turned = torch.rot90(maps, degrees // 90, (1, 2))
        return turned.flip(2) if mirrored else turned

    turned = rotate(motion, degrees, mirrored=mirrored)
    torch.testing.assert_close(warp(shown(x), turned), shown(warp(x, motion)), atol=1e-5, rtol=0)
    assert torch.equal(turned.confidence, shown(motion.confidence[None])[0])


def test_turning_four_times_gives_the_field_back() -> None:
    motion = MotionField(torch.randn(2, 5, 8), torch.rand(5, 8))
    again = motion
    for _ in range(4):
        again = rotate(again, 90)
    assert torch.equal(again.offsets, motion.offsets)
    assert torch.equal(rotate(rotate(motion, 90), 90).offsets, rotate(motion, 180).offsets)
    assert torch.equal(rotate(rotate(motion, 180), 90).offsets, rotate(motion, 270).offsets)
    assert np.array_equal(rotate(motion, -90).offsets, rotate(motion, 270).offsets)
