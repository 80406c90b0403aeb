"""The first frames of every clip of the test material, by every motion source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.support.assets import AV1, CORRUPTED, FIRE, VIDEOS, Asset
from tests.support.motion_sources import needs_opencv
from warpseg.core.geometry import warp
from warpseg.engine.source import Video, open_video
from warpseg.errors import MotionUnavailable
from warpseg.types import Frame, MotionField

COUNTS: dict[str, int] = {"codec": 8, "estimate": 5, "flow": 3}  # those that care how a clip is coded: most
WITHOUT_VECTORS = {"hevc", "vp9", "av1"}
WORSE = 0.3  # dB that motion may be worse than none
# Optical flow drifts by a fraction of a pixel where a drawing stands still (measured: 2.11 and 1.90 dB).
WORSE_BY_FLOW = {CORRUPTED.name: 2.3, AV1.name: 2.1}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Many small sums: threads would wait for each other longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def small(frame: Frame) -> Tensor:
    """Return the frame's green (1, h, w), reduced to about 200 pixels along the short side."""
    green = torch.from_numpy(np.ascontiguousarray(frame.pixels[:, :, 1]))[None].float()
    return F.avg_pool2d(green, max(round(min(frame.size) / 200), 1))


def psnr(a: Tensor, b: Tensor) -> float:
    return 10 * math.log10(255**2 / max(float((a - b).square().mean()), 1e-3))


def gain(motion: MotionField, this: Tensor, other: Tensor) -> float:
    """Return by how many dB the other picture is more like this one when it is moved."""
    return psnr(warp(other, motion), this) - psnr(other, this)


def assert_sane(motion: MotionField, frame: Frame) -> None:
    factor = max(round(min(frame.size) / 400), 1)
    assert motion.size == tuple(max(round(side / factor / 4), 1) for side in frame.size)
    assert motion.confidence.shape == motion.size
    assert float(motion.offsets.abs().max()) < 1  # NaN is not
    assert 0 <= float(motion.confidence.min()) <= float(motion.confidence.max()) <= 1


def check(video: Video, worse: float) -> list[Frame]:
    with video:
        found = list(video)
    assert [frame.index for frame in found] == list(range(len(found)))
    assert found[0].motion_source == "none"
    pictures = [small(frame) for frame in found]
    for (before, then), (now, this) in itertools.pairwise(zip(found, pictures, strict=True)):
        assert_sane(now.motion, now)
        if before.size != now.size:
            assert now.cut
            assert now.reverse is None
            continue
        assert now.reverse is not None
        assert_sane(now.reverse, now)
        assert gain(now.motion, this, then) > -worse, now
        assert gain(now.reverse, then, this) > -worse, now
    return found


@pytest.mark.parametrize("motion", ["codec", "estimate", "flow"])
@pytest.mark.parametrize("asset", VIDEOS, ids=str)
def test_motion_is_sane_and_no_worse_than_none(asset: Asset, motion: str) -> None:
    if motion == "flow":
        needs_opencv()
    if motion == "codec" and asset.codec in WITHOUT_VECTORS:
        with pytest.raises(
            MotionUnavailable, match=f"^{asset.name}: {asset.codec} video has no motion vectors"
        ) as raised:
            open_video(asset.path, motion=motion)
        assert "\n" not in str(raised.value)
        assert "choose motion auto or estimate" in str(raised.value)
        return
    video = open_video(asset.path, max_frames=COUNTS[motion], motion=motion)
    found = check(video, WORSE_BY_FLOW.get(asset.name, WORSE) if motion == "flow" else WORSE)
    assert len(found) == min(COUNTS[motion], asset.frames)
    sources = {frame.motion_source for frame in found[1:]} - {"none"}
    # Most blocks of the fire are intra; fewer than a quarter have a vector.
    assert sources == ({"estimate"} if motion == "codec" and asset is FIRE else {motion})
