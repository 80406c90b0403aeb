"""Encoding: the file holds the frames, times, colours and sound that were given."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from numpy.typing import NDArray

from warpseg.synthetic import Street
from warpseg.video.encode import encode


@pytest.fixture(scope="module")
def clip() -> list[NDArray[np.uint8]]:
    return [frame.pixels for frame in Street(seed=5, size=(96, 128)).frames(20)]


def decoded(path: Path) -> tuple[list[NDArray[np.uint8]], list[Fraction], list[str]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        pictures = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in frames]
        times = [Fraction(frame.pts) * frame.time_base for frame in frames if frame.pts is not None and frame.time_base]
        return pictures, times, [PictureType(frame.pict_type).name for frame in frames]


def test_encode_keeps_frames_size_and_times(clip: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    encode(clip, tmp_path / "drive.mp4", rate=Fraction(30000, 1001))
    pictures, times, kinds = decoded(tmp_path / "drive.mp4")
    assert len(pictures) == len(clip)
    assert pictures[0].shape == clip[0].shape
    assert times == [Fraction(1001, 30000) * k for k in range(len(clip))]
    assert "B" in kinds
    assert [path.name for path in tmp_path.iterdir()] == ["drive.mp4"]


def test_encode_keeps_a_variable_rate(clip: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    times = [Fraction(k * (k + 9), 600) for k in range(len(clip))]
    encode(clip, tmp_path / "drive.mp4", times=times)
    assert decoded(tmp_path / "drive.mp4")[1] == times


def test_encode_keeps_colours(tmp_path: Path) -> None:
    colour = np.array([200, 60, 30], np.uint8)
    for height in (96, 720):
        path = tmp_path / f"{height}.mp4"
        encode([np.broadcast_to(colour, (height, 128, 3)).copy()] * 3, path, options={"crf": "1"})
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            assert frame.colorspace == (1 if height >= 720 else 5)
            assert frame.color_range == 1
            plane_y = bytes(frame.planes[0])[0]
        red, blue = (0.2126, 0.0722) if height >= 720 else (0.299, 0.114)
        luma = red * 200 + (1 - red - blue) * 60 + blue * 30
        assert abs(plane_y - (16 + luma * 219 / 255)) <= 1.5


def test_encode_adds_sound(clip: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    encode(clip, tmp_path / "drive.mp4", rate=10, audio=True)
    with av.open(str(tmp_path / "drive.mp4")) as container:
        (sound,) = container.streams.audio
        samples = sum(frame.samples for frame in container.decode(sound))
    assert abs(samples / 48000 - 2.0) < 0.05


def test_encode_leaves_nothing_behind_when_the_frames_fail(clip: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield from clip[:5]
        raise RuntimeError("the camera broke")

    with pytest.raises(RuntimeError, match="the camera broke"):
        encode(failing(), tmp_path / "drive.mp4")
    assert list(tmp_path.iterdir()) == []


def test_encode_refuses_what_it_cannot_hold(clip: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    path = tmp_path / "drive.mp4"
    with pytest.raises(ValueError, match="odd"):
        encode([frame[:95] for frame in clip], path)
    with pytest.raises(ValueError, match="no frames"):
        encode([], path)
    with pytest.raises(ValueError, match="increase"):
        encode(clip[:2], path, times=[Fraction(1), Fraction(1)])
    with pytest.raises(ValueError, match="times has 3"):
        encode(clip[:2], path, times=[Fraction(k) for k in range(3)])
    with pytest.raises(ValueError, match="the first was"):
        encode([clip[0], clip[1][:90]], path)
    assert list(tmp_path.iterdir()) == []
