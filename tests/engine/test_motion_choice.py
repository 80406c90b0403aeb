"""Which motion source is used, what a video says about it, and the networks that flow may come from."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_large, raft_small

from tests.support.motion_sources import needs_opencv
from tests.support.pans import SIZE, encode, grey, pan
from warpseg.engine.source import open_video
from warpseg.errors import ModelError, MotionUnavailable
from warpseg.motion.flow import raft

PICTURES = pan((3, -2), 6)


# The decision


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


# RAFT: with random weights it finds nothing, but it runs


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("raft")
    torch.manual_seed(0)
    small, large = raft_small().state_dict(), raft_large().state_dict()
    torch.save(small, folder / "small.pth")
    save_file(small, folder / "small.safetensors")
    torch.save(large, folder / "large.pth")
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("size", [(1, 1), (96, 136), SIZE])
def test_raft_answers_in_the_pictures_own_size(weights: dict[str, Path], size: tuple[int, int]) -> None:
    before, now = (grey(picture) for picture in pan((1, 0), 2, size=size))
    flow = raft(weights["small.pth"])
    found = flow(now, before)
    assert found.shape == (2, *size)
    assert found.dtype == np.float32
    assert bool(np.isfinite(found).all())
    np.testing.assert_array_equal(raft(weights["small.safetensors"])(now, before), found)


@pytest.mark.parametrize("name", ["small.safetensors", "large.pth"])
def test_raft_gives_frames_motion(weights: dict[str, Path], name: str) -> None:
    with open_video(iter(PICTURES[:2]), motion="flow", flow_weights=weights[name]) as video:
        found = list(video)
        assert video.motion == {"none": 1, "flow": 1}
    assert found[1].motion_source == "flow"
    assert found[1].motion.size == (SIZE[0] // 4, SIZE[1] // 4)
    assert bool(found[1].motion.offsets.isfinite().all())


@pytest.mark.parametrize("name", ["absent.pth", "absent.safetensors"])
def test_weights_that_are_absent(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        raft(tmp_path / name)


@pytest.mark.parametrize("name", ["noise.pth", "noise.safetensors", "list.pth", "other.pth", "other.safetensors"])
def test_weights_of_something_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("noise"):
        path.write_bytes(bytes(range(256)))
    elif name.startswith("list"):
        torch.save([1, 2], path)
    elif name.endswith("pth"):
        torch.save({"weight": torch.ones(3)}, path)
    else:
        save_file({"weight": torch.ones(3)}, path)
    with pytest.raises(ModelError, match=f"{name}: not weights of torchvision's RAFT") as raised:
        raft(path)
    assert "\n" not in str(raised.value)
