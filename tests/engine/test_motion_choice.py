"""The choice of a motion source, and what a video says about it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from tests.support.motion_sources import needs_opencv
from tests.support.pans import encode, pan
from warpseg.engine.source import open_video
from warpseg.errors import MotionUnavailable

PICTURES = pan((3, -2), 6)


@pytest.mark.parametrize(
    ("codec", "motion", "decision", "counted"),
    [
        ("libx264", "auto", "codec: h264 has motion vectors", {"none": 1, "codec": 5}),
        ("mpeg4", "auto", "codec: mpeg4 has motion vectors", {"none": 1, "codec": 5}),
        ("ffv1", "auto", "estimate: ffv1 has no motion vectors to read", {"none": 1, "estimate": 5}),
        ("libx264", "codec", "codec: as asked", {"none": 1, "codec": 5}),
        ("libx264", "estimate", "estimate: as asked", {"none": 1, "estimate": 5}),
        ("libx264", "none", "none: as asked", {"none": 6}),
        ("libx264", "flow", "flow: as asked", {"none": 1, "flow": 5}),
    ],
)
def test_the_stream_decides_and_the_video_says_so(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    codec: str,
    motion: str,
    decision: str,
    counted: dict[str, int],
) -> None:
    if motion == "flow":
        needs_opencv()
    caplog.set_level(logging.INFO, "warpseg")
    with open_video(encode(tmp_path / "pan.mkv", PICTURES, codec), motion=motion) as video:
        found = list(video)
        assert video.decision == decision
        assert video.motion == counted
        assert [frame.motion_source for frame in found[1:]] == 5 * [list(counted)[-1]]
        assert f"pan.mkv: motion by {decision}" in caplog.messages
        substituted = ["motion of 5 of 6 frames was estimated: the source has no motion vectors"]
        assert [line for line in video.warnings if "motion" in line] == (substituted if codec == "ffv1" else [])
        assert bool(video.distances) == bool(video.predicted) == (list(counted)[-1] == "codec")


def test_frames_without_enough_vectors_are_counted_as_estimated(tmp_path: Path) -> None:
    path = encode(tmp_path / "pan.mp4", pan((3, -2), 8), g="4", bf="0", sc_threshold="0")
    for motion in ("auto", "codec"):
        with open_video(path, motion=motion) as video:
            list(video)
            assert video.motion == {"none": 1, "codec": 6, "estimate": 1}
            assert "motion of 1 of 8 frames was estimated: no or too few vectors in them" in video.warnings
            assert video.predicted == 6
            assert video.covered == pytest.approx(6)


def test_no_motion_is_free_and_says_that_nothing_is_known(tmp_path: Path) -> None:
    with open_video(encode(tmp_path / "pan.mp4", PICTURES), motion="none") as video:
        for frame in video:
            assert not frame.motion.offsets.any()
            assert not frame.motion.confidence.any()
            assert frame.reverse is None
            assert not frame.cut
        assert not video.warnings


@pytest.mark.parametrize("codec", ["ffv1", None])
def test_vectors_that_are_not_there_cannot_be_had(tmp_path: Path, codec: str | None) -> None:
    source = encode(tmp_path / "pan.mkv", PICTURES, codec) if codec else iter(PICTURES)
    with pytest.raises(
        MotionUnavailable, match="has no motion vectors to read; choose motion auto or estimate"
    ) as raised:
        open_video(source, motion="codec")
    assert (f"pan.mkv: {codec} video" if codec else "a source without a codec") in str(raised.value)


def test_what_is_no_motion_source_is_refused() -> None:
    with pytest.raises(ValueError, match="motion 'raft': expected one of auto, codec, estimate, flow, none"):
        open_video(iter(PICTURES), motion="raft")
    with pytest.raises(ValueError, match="flow_weights are for motion 'flow', not 'auto'"):
        open_video(iter(PICTURES), flow_weights="raft.pth")


def test_flow_without_opencv_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MotionUnavailable, match=r"optical flow needs OpenCV: pip install 'warpseg\[flow\]'"):
        open_video(iter(PICTURES), motion="flow")
