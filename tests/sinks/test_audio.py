"""Sound: copied or transcoded, in step with the picture."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream

from tests.support.assets import data_path
from tests.support.sinks import (
    CLASSES,
    begin_of,
    decoded,
    file_size_limit,
    frame_of,
    info_of,
    labels_of,
    names,
    write_all,
)
from warpseg.errors import OutputError
from warpseg.sinks.base import FrameResult
from warpseg.sinks.overlay import OverlaySink


def make_sound(
    path: Path,
    codec: str,
    *,
    rate: int = 48000,
    seconds: float = 4.0,
    click: float = 2.0,
    delay: Fraction = Fraction(0),
) -> Path:
    """Write a small black video with noise, loud for 50 ms at ``click``; sound and picture begin at ``delay``."""
    layout = "stereo"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = cast(AudioStream, container.add_stream(codec, rate=rate))
        audio.codec_context.layout = layout
        time = np.arange(int(seconds * rate)) / rate
        wave = 0.02 * np.random.default_rng(0).uniform(-1, 1, time.size)
        wave[(time >= click) & (time < click + 0.05)] *= 40
        for index in range(int(seconds * 25)):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            picture.time_base, picture.pts = Fraction(1, 25), index + round(delay * 25)
            container.mux(video.encode(picture))
            samples = wave[index * rate // 25 : (index + 1) * rate // 25].astype(np.float32)
            sound = av.AudioFrame.from_ndarray(np.stack([samples, samples]), format="fltp", layout=layout)
            sound.sample_rate, sound.time_base = rate, Fraction(1, rate)
            sound.pts = index * rate // 25 + round(delay * rate)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def overlay_of(source: Path, folder: Path, times: list[Fraction]) -> OverlaySink:
    sink = OverlaySink(folder / "o.mp4", info_of(), CLASSES, audio_from=source)
    write_all(sink, times)
    return sink


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.audio[0])
        return [(begin_of(packet), bytes(packet)) for packet in packets if packet.size]


def loudest(path: Path) -> float:
    """The time at which the noise becomes loud, in seconds."""
    parts = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            values = frame.to_ndarray().astype(float)
            samples = np.abs(values if frame.format.is_planar else values.reshape(frame.samples, -1).T).max(0)
            parts.append(np.stack([float(frame.time or 0) + np.arange(frame.samples) / frame.sample_rate, samples]))
    time, level = np.concatenate(parts, axis=1)
    return float(time[np.argmax(level > 0.5 * level.max())])


def seconds_of(begin: float, end: float) -> list[Fraction]:
    return [Fraction(index, 25) for index in range(round(begin * 25), round(end * 25))]


@pytest.mark.parametrize(("codec", "suffix"), [("aac", "mp4"), ("aac", "mkv"), ("aac", "ts"), ("mp3", "mp4")])
def test_sound_is_copied_packet_by_packet(codec: str, suffix: str, tmp_path: Path) -> None:
    source = make_sound(tmp_path / f"source.{suffix}", codec)
    with av.open(str(source)) as container:
        begin = begin_of(next(container.decode(video=0)))
    sink = overlay_of(source, tmp_path, [begin + time for time in seconds_of(0, 4)])
    assert sink.warnings == []
    before = sound_packets(source)
    after = sound_packets(tmp_path / "o.mp4")
    skip = 7 if suffix == "ts" else 0  # the header each packet has in a transport stream
    known = {data[skip:]: time - begin for time, data in before}
    assert len(after) >= len(before) - 4
    assert all(abs(known[data] - time) <= Fraction(2, 1000) for time, data in after)
    assert abs(loudest(tmp_path / "o.mp4") - 2.0) < 0.005


@pytest.mark.parametrize("codec", ["flac", "libopus", "pcm_s16le", "ac3"])
def test_other_sound_is_transcoded_and_reported(codec: str, tmp_path: Path) -> None:
    source = make_sound(tmp_path / "source.mkv", codec)
    sink = overlay_of(source, tmp_path, seconds_of(0, 4))
    assert len(sink.warnings) == 1
    assert sink.warnings[0].endswith("does not play in MP4 everywhere, transcoded to AAC")
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    assert abs(loudest(tmp_path / "o.mp4") - loudest(source)) < 0.005
    assert sound_packets(tmp_path / "o.mp4")[-1][0] > Fraction(39, 10)


@pytest.mark.parametrize(("codec", "suffix"), [("aac", "mp4"), ("aac", "mkv"), ("flac", "mkv"), ("libopus", "mkv")])
@pytest.mark.parametrize(("begin", "delay"), [(0.52, 0), (1.8, 0), (1.8, 3)])
def test_trimmed_sound_stays_in_step(codec: str, suffix: str, begin: float, delay: int, tmp_path: Path) -> None:
    source = make_sound(tmp_path / f"source.{suffix}", codec, delay=Fraction(delay))
    overlay_of(source, tmp_path, seconds_of(delay + begin, delay + 2.6))
    assert abs(loudest(tmp_path / "o.mp4") - (2.0 - begin)) < 0.005
    times = [time for time, _ in sound_packets(tmp_path / "o.mp4")]
    assert -0.1 < times[0] < 0.05
    assert 2.6 - begin - 0.1 < times[-1] < 2.6 - begin
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert next(container.decode(video=0)).pts == 0


def test_sound_lies_beside_its_picture_in_the_file(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "source.mp4", "aac", seconds=8)
    overlay_of(source, tmp_path, seconds_of(0, 8))
    with av.open(str(tmp_path / "o.mp4")) as container:
        packets = [(packet.pos, packet.stream.type, begin_of(packet)) for packet in container.demux() if packet.size]
    newest = {"video": Fraction(0), "audio": Fraction(0)}
    for _, kind, time in sorted(packets):
        newest[kind] = time
        assert abs(newest["video"] - newest["audio"]) < Fraction(1, 4)


def test_sound_of_a_single_frame(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "source.mp4", "aac", seconds=1)
    overlay_of(source, tmp_path, [Fraction(0)])
    assert Fraction(0) <= sound_packets(tmp_path / "o.mp4")[-1][0] < Fraction(1, 25)


def test_a_disk_that_fills_while_the_sound_ends_leaves_nothing(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "source.mp4", "aac")
    sink = OverlaySink(tmp_path / "o.mp4", info_of(frame_rate=Fraction(1, 4)), CLASSES, audio_from=source)
    sink.write(FrameResult(frame_of(0), labels_of(), is_key=True, distance=0))
    with file_size_limit(4096), pytest.raises(OutputError):
        sink.close()
    assert names(tmp_path) == {"source.mp4"}


def test_sources_that_cannot_be_read_twice(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.mp4").write_text("no video")
    unknown = make_sound(tmp_path / "unknown.mkv", "flac", seconds=1)
    unknown.write_bytes(unknown.read_bytes().replace(b"A_FLAC", b"A_WHAT"))
    expected = {"folder": None, "text.mp4": "be opened", "none.mp4": "be opened", "unknown.mkv": "unknown"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        expected["pipe"] = "a pipe cannot be read"
    for name, warning in expected.items():
        sink = overlay_of(tmp_path / name, tmp_path, seconds_of(0, 0.2))
        assert [warning in text for text in sink.warnings if warning] == ([True] if warning else [])
        assert (tmp_path / "o.mp4").exists()


def test_damaged_sound_does_not_cost_the_video(tmp_path: Path) -> None:
    source = make_sound(tmp_path / "source.mkv", "aac")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 :] = np.random.default_rng(0).bytes(len(data) - len(data) // 2)
    source.write_bytes(bytes(data))
    overlay_of(source, tmp_path, seconds_of(0, 4))
    assert len(decoded(tmp_path / "o.mp4")) == 100


@pytest.mark.parametrize("name", ["fire2.mp4", "no_duration.webm", "solidWhiteRight.mp4"])
def test_sound_of_real_files(name: str, tmp_path: Path) -> None:
    source = data_path(f"video/{name}")
    overlay_of(source, tmp_path, seconds_of(1, 2))
    times = [time for time, _ in sound_packets(tmp_path / "o.mp4")]
    assert times[0] < 0.1
    assert times[-1] > 0.9
