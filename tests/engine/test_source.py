"""open_video on its own: frames with motion that leads back to the frame before."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.support import assets
from tests.support.assets import Asset
from tests.support.pans import Picture, encode, pan, share_right
from warpseg import Frame, MotionField, VideoError, open_video
from warpseg.core.geometry import negate, warp
from warpseg.motion.orientation import rotate


def grey(frame: Frame, factor: int = 1) -> Tensor:
    """Return the frame's mean of red, green and blue (1, h, w), at 1/factor of its size."""
    picture = torch.from_numpy(np.ascontiguousarray(frame.pixels[:, :, 1]))[None].float()
    return F.avg_pool2d(picture, factor)


def psnr(a: Tensor, b: Tensor) -> float:
    return 10 * math.log10(255**2 / float((a - b).square().mean().clamp(min=1e-9)))


def still(motion: MotionField) -> MotionField:
    return MotionField.zero(motion.size)


# Frame by frame


def test_the_first_frame_has_no_motion_and_says_so() -> None:
    first = next(open_video(iter(pan((3, 1), 3))))
    assert first.index == 0
    assert first.motion_source == "none"
    assert not first.cut
    assert not first.motion.offsets.any()
    assert not first.motion.confidence.any()


def test_frames_are_those_of_the_source_in_order() -> None:
    pictures = pan((3, 1), 5)
    with open_video(iter(pictures)) as video:
        found = list(video)
    assert [frame.index for frame in found] == list(range(5))
    assert all(frame.size == pictures[0].shape[:2] for frame in found)
    for frame, picture in zip(found, pictures, strict=True):
        np.testing.assert_array_equal(frame.pixels, picture)


def test_without_vectors_motion_is_estimated_and_reported() -> None:
    with open_video(iter(pan((3, -2), 6))) as video:
        found = list(video)
        assert video.motion == {"none": 1, "estimate": 5}
        assert not video.info.has_vectors
        assert any("motion of 5 of 6 frames was estimated" in line for line in video.warnings)
    for frame in found[1:]:
        assert frame.motion_source == "estimate"
        assert share_right(frame.motion, (3, -2)) > 0.95


def test_coded_vectors_are_used_where_there_are_any(tmp_path: Path) -> None:
    with open_video(encode(tmp_path / "pan.mp4", pan((3, -2), 8), bf="0")) as video:
        list(video)
        assert video.info.has_vectors
        assert video.motion == {"none": 1, "codec": 7}
        assert not any("mestimate" in line for line in video.warnings)


def test_motion_of_a_codec_without_vectors_is_estimated(tmp_path: Path) -> None:
    with open_video(encode(tmp_path / "pan.mkv", pan((3, -2), 6), "ffv1")) as video:
        found = list(video)
        assert video.motion["estimate"] == 5
    assert min(share_right(frame.motion, (3, -2)) for frame in found[1:]) > 0.95


@pytest.mark.parametrize("start", [0.2, 0.44])
def test_the_first_frame_of_a_part_has_no_motion_either(tmp_path: Path, start: float) -> None:
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 20))
    with open_video(path, start=start, max_frames=4) as video:
        found = list(video)
    assert [frame.index for frame in found] == list(range(round(start * 25), round(start * 25) + 4))
    assert found[0].motion_source == "none"
    assert not found[0].motion.confidence.any()
    assert min(share_right(frame.motion, (3, -2)) for frame in found[1:]) > 0.95


@pytest.mark.parametrize("max_frames", range(2, 14))
def test_the_end_of_a_part_does_not_falsify_motion(tmp_path: Path, max_frames: int) -> None:
    """The last B-frames point to a picture that is not read any more."""
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 20), bf="3", b_strategy="0")
    with open_video(path, max_frames=max_frames) as video:
        found = list(video)
    assert len(found) == max_frames
    assert min(share_right(frame.motion, (3, -2)) for frame in found[1:]) > 0.95


def test_the_same_video_gives_the_same_motion_every_time(tmp_path: Path) -> None:
    """FFmpeg's frame threads export the vectors of B-frames that are not wholly decoded yet: they must not be used."""
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 20))
    first = list(open_video(path))
    for _ in range(10):
        for a, b in zip(first, open_video(path), strict=True):
            assert torch.equal(a.motion.offsets, b.motion.offsets), a


class Counting:
    """An endless source that counts how often it is asked."""

    def __init__(self, pictures: list[Picture]) -> None:
        self.pictures, self.count = pictures, 0

    def __iter__(self) -> Iterator[Picture]:
        while True:
            self.count += 1
            yield self.pictures[(self.count - 1) % len(self.pictures)]


def test_arrays_are_read_one_at_a_time() -> None:
    source = Counting(pan((0, 0), 2))
    with open_video(source) as video:
        for i in range(5):
            assert next(video).index == i
            assert source.count == i + 1


def test_frames_of_changing_size_begin_a_new_scene() -> None:
    pictures = pan((2, 0), 3) + pan((2, 0), 3, size=(96, 128))
    found = list(open_video(iter(pictures)))
    assert [frame.size for frame in found] == [(160, 224)] * 3 + [(96, 128)] * 3
    assert [frame.cut for frame in found] == [False, False, False, True, False, False]
    assert found[3].motion_source == "none"


def test_closing_early_is_fine(tmp_path: Path) -> None:
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 8))
    video = open_video(path)
    next(video)
    video.close()
    assert list(video) == []


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such file"):
        open_video(tmp_path / "absent.mp4")


# Real video


REAL = [assets.DASHCAM, assets.FILM_H264, assets.FILM_MPEG4, assets.STREET]


@pytest.mark.parametrize("asset", REAL, ids=str)
def test_motion_brings_the_previous_picture_to_this_one(asset: Asset) -> None:
    with open_video(asset.path, max_frames=6) as video:
        found = list(video)
    gains = []
    factor = 4 if asset.size[0] > 720 else 2
    for before, now in itertools.pairwise(found):
        x, y = grey(before, factor), grey(now, factor)
        warped = psnr(warp(x, now.motion), y)
        gains.append(warped - psnr(x, y))
        assert warped > psnr(warp(x, negate(now.motion)), y)
    assert np.mean(gains) > 1  # dB
    assert all(frame.motion_source == "codec" for frame in found[1:])
    assert not any(frame.cut for frame in found)


@pytest.mark.parametrize("asset", [assets.QUARTER_TURN, assets.HALF_TURN, assets.NASA_ROTATED, assets.FIRE], ids=str)
def test_motion_of_rotated_clips_is_that_of_the_displayed_picture(asset: Asset) -> None:
    with open_video(asset.path, max_frames=17 if asset is assets.NASA_ROTATED else 4) as video:
        found = list(video)
        rotation = video.info.rotation
    assert rotation == asset.rotation
    assert {frame.size for frame in found} == {asset.size}
    error = {"warped": 0.0, "still": 0.0, "not turned": 0.0, "turned the other way": 0.0}
    for before, now in itertools.pairwise(found):
        x, y = grey(before, 2), grey(now, 2)
        assert now.motion.size[0] / now.motion.size[1] == pytest.approx(asset.size[0] / asset.size[1], rel=0.05)
        for name, motion in {
            "warped": now.motion,
            "still": still(now.motion),
            "not turned": rotate(now.motion, -rotation),
            "turned the other way": rotate(now.motion, -2 * rotation),
        }.items():
            error[name] += float((warp(x, motion) - y).abs().mean())
    assert error["warped"] < 0.95 * error["not turned"]
    if asset is not assets.NASA_ROTATED:  # which hardly moves
        assert error["warped"] < 0.95 * error["still"]
    if rotation % 180:
        assert error["warped"] < 0.95 * error["turned the other way"]


@pytest.mark.parametrize(
    "asset", [assets.HEVC, assets.TEN_BITS, assets.ODD_444, assets.ODD_MPEG2, assets.UNORDERED], ids=str
)
def test_every_frame_of_odd_material_has_a_field(asset: Asset) -> None:
    with open_video(asset.path) as video:
        found = list(video)
    assert len(found) == asset.frames
    assert [frame.index for frame in found] == list(range(asset.frames))
    for frame in found:
        assert bool(frame.motion.offsets.isfinite().all())
        assert frame.motion.confidence.shape == frame.motion.offsets.shape[1:]
        assert frame.pixels.shape == (*frame.size, 3)


def test_damage_is_raised_after_what_decodes() -> None:
    found: list[int] = []
    with open_video(assets.CORRUPTED.path) as video, pytest.raises(VideoError, match="damaged"):
        found.extend(frame.index for frame in video)
    assert found == list(range(assets.CORRUPTED.frames))
