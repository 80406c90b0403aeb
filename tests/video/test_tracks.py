"""Streams of a container: the default is read, covers never, a choice is followed, and what was chosen is noted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from tests.support.command import moving
from warpseg.errors import VideoError
from warpseg.sinks.audio import AudioTrack
from warpseg.sinks.videofile import VideoFile
from warpseg.video import SourceOptions, open_pictures
from warpseg.video.encode import encode
from warpseg.video.probe import read_facts

SMALL, LARGE = (64, 96), (96, 128)


def tracks(path: Path, videos: list[tuple[tuple[int, int], Disposition]], audios: list[Disposition]) -> Path:
    """Write a file with streams of these sizes and dispositions; the sound of number k has the amplitude k/4."""
    packets = []
    with av.open(str(path), "w") as container:
        coded = []
        for size, disposition in videos:
            video = container.add_stream("libx264", rate=25)
            video.height, video.width, video.pix_fmt, video.disposition = *size, "yuv420p", disposition
            coded.append((video, moving(25, size)))
        sounds = []
        for disposition in audios:
            sound = container.add_stream("aac", rate=48000, layout="mono")
            sound.disposition = disposition
            sounds.append(sound)
        for video, frames in coded:
            for pixels in frames:
                packets += video.encode(av.VideoFrame.from_ndarray(pixels))
            packets += video.encode(None)
        for number, sound in enumerate(sounds):
            for start in range(0, 48000, 1024):
                wave = number / 4 * np.sin(np.arange(start, start + 1024) / 20)
                frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
                packets += sound.encode(frame)
            packets += sound.encode(None)
        timed = [packet for packet in packets if packet.dts is not None]
        for packet in sorted(timed, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            container.mux(packet)
    return path


NONE, DEFAULT = Disposition(0), Disposition.default


@pytest.mark.parametrize(
    ("dispositions", "number"),
    [([NONE, DEFAULT], 1), ([DEFAULT, NONE], 0), ([DEFAULT, DEFAULT], 0), ([NONE, NONE], 0)],
)
def test_the_default_video_is_read_and_noted(tmp_path: Path, dispositions: list[Disposition], number: int) -> None:
    sizes = [SMALL, LARGE]
    path = tracks(tmp_path / "two.mkv", list(zip(sizes, dispositions, strict=True)), [])
    with open_pictures(path) as reader:
        assert reader.info.size == sizes[number]
        assert len(list(reader)) == 25
        assert [f"number {number}" in line and "--video-stream" in line for line in reader.warnings] == [True]


@pytest.mark.parametrize("number", [0, 1])
def test_a_video_is_chosen(tmp_path: Path, number: int) -> None:
    path = tracks(tmp_path / "two.mkv", [(SMALL, NONE), (LARGE, DEFAULT)], [])
    options = SourceOptions(video_stream=number)
    with open_pictures(path, options=options) as reader:
        assert reader.info.size == [SMALL, LARGE][number]
        assert reader.warnings == []
    assert read_facts(path, options).frames is None


def test_a_video_that_is_not_there_is_refused(tmp_path: Path) -> None:
    encode(moving(3), tmp_path / "one.mp4")
    with pytest.raises(VideoError, match="has no video stream 1, only 0 to 0"):
        open_pictures(tmp_path / "one.mp4", options=SourceOptions(video_stream=1))
    with pytest.raises(ValueError, match="0 \\(the first\\) or more"):
        SourceOptions(video_stream=-1)


def test_a_cover_is_never_read(tmp_path: Path) -> None:
    path = tracks(tmp_path / "cover.mp4", [(SMALL, NONE)], [])
    with av.open(str(path)) as source, av.open(str(tmp_path / "with.mp4"), "w") as container:
        picture = container.add_stream("mjpeg", rate=1)
        picture.height, picture.width, picture.pix_fmt, picture.disposition = (
            *LARGE,
            "yuvj420p",
            Disposition.attached_pic,
        )
        copy = container.add_stream_from_template(source.streams.video[0])
        frame = av.VideoFrame.from_ndarray(moving(1, LARGE)[0])
        for packet in [*picture.encode(frame), *picture.encode(None)]:
            container.mux(packet)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    with av.open(str(tmp_path / "with.mp4")) as container:
        assert len(container.streams.video) == 2
    with open_pictures(tmp_path / "with.mp4") as reader:
        assert reader.info.size == SMALL
        assert reader.warnings == []


def loudness(path: Path, tmp_path: Path, options: SourceOptions | None) -> tuple[float, list[str]]:
    """Return the amplitude of the sound that an overlay of the file gets, and what was noted."""
    warnings: list[str] = []
    file = VideoFile(tmp_path / "o.mp4")
    file.add_video(
        "libx264", SMALL, "yuv420p", time_base=Fraction(1, 25), frame_rate=Fraction(25), options={}, threads=1
    )
    track = AudioTrack.open(path, file, start=Fraction(0), warnings=warnings, options=options)
    assert track is not None
    for index, pixels in enumerate(moving(25, SMALL)):
        file.encode(av.VideoFrame.from_ndarray(pixels).reformat(format="yuv420p"), Fraction(index, 25))
        track.advance(Fraction(index, 25))
    track.advance(Fraction(1))
    track.close()
    file.close()
    with av.open(str(tmp_path / "o.mp4")) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return float(np.sqrt(2 * np.mean(sound[4800:43200] ** 2))), warnings


def test_the_default_sound_is_taken_and_noted(tmp_path: Path) -> None:
    path = tracks(tmp_path / "three.mkv", [(SMALL, NONE)], [NONE, NONE, DEFAULT])
    peak, warnings = loudness(path, tmp_path, None)
    assert peak == pytest.approx(0.5, abs=0.01)
    assert [("number 2" in line, "--audio-stream" in line) for line in warnings] == [(True, True)]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_sound_is_chosen(tmp_path: Path, number: int) -> None:
    path = tracks(tmp_path / "three.mkv", [(SMALL, NONE)], [NONE, NONE, DEFAULT])
    peak, warnings = loudness(path, tmp_path, SourceOptions(audio_stream=number))
    assert peak == pytest.approx(number / 4, abs=0.01)
    assert warnings == []


@pytest.mark.parametrize("name", ["12:30.mp4", "http:x.mp4", "a%03d.mp4"])
def test_a_name_with_a_colon_keeps_its_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    tracks(tmp_path / "plain.mp4", [(SMALL, NONE)], [NONE, DEFAULT]).rename(tmp_path / name)
    assert loudness(Path(name), tmp_path, SourceOptions(audio_stream=1))[0] == pytest.approx(0.25, abs=0.01)


def test_outputs_may_lie_in_folders_with_colons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("http:").mkdir()
    encode(moving(3), Path("http:/clip.mp4"))
    with open_pictures("http:/clip.mp4") as reader:
        assert len(list(reader)) == 3


@pytest.mark.parametrize(
    ("container", "old", "new"), [("mkv", b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"), ("mp4", b"avc1", b"dav1")]
)
def test_a_codec_without_a_decoder_is_named(tmp_path: Path, container: str, old: bytes, new: bytes) -> None:
    path = tmp_path / f"clip.{container}"
    encode(moving(3), path)
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(VideoError, match=r"FFmpeg has no decoder for its video .*convert") as raised:
        open_pictures(path)
    assert container == "mkv" or "dav1" in str(raised.value)
    assert read_facts(path).audio is None
