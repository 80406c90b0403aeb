"""Sinks: a contract for all of them, then what each one promises about its file."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.packet import Packet
from numpy.typing import NDArray
from PIL import Image

from tests.support.assets import data_path
from warpseg.errors import OutputError
from warpseg.sinks.base import FrameResult, Sink
from warpseg.sinks.confidence import ConfidenceSink
from warpseg.sinks.images import ImageSink
from warpseg.sinks.masks import MaskSink
from warpseg.sinks.overlay import OverlaySink
from warpseg.sinks.statistics import StatisticsSink
from warpseg.types import Classes, Frame, MotionField, VideoInfo

COLOURS = ((128, 64, 128), (220, 20, 60), (70, 130, 180))
CLASSES = Classes(("road", "person, walking", "sky"), COLOURS)
MANY = Classes(tuple(f"class {i}" for i in range(300)), tuple((i % 256, i // 256, 7) for i in range(300)))
RATE = Fraction(25)

Labels = NDArray[np.uint8] | NDArray[np.uint16]
Make = Callable[[Path, VideoInfo, Classes], Sink]

MAKERS: dict[str, tuple[Make, set[str]]] = {
    "overlay": (lambda folder, info, classes: OverlaySink(folder / "overlay.mp4", info, classes), {"overlay.mp4"}),
    "masks": (lambda folder, info, classes: MaskSink(folder / "masks.mkv", info, classes), {"masks.mkv"}),
    "confidence": (
        lambda folder, info, classes: ConfidenceSink(folder / "confidence.mkv", info, classes),
        {"confidence.mkv"},
    ),
    "images": (lambda folder, info, classes: ImageSink(folder / "images", info, classes), {"images"}),
    "statistics": (
        lambda folder, info, classes: StatisticsSink(folder / "frames.csv", info, classes),
        {"frames.csv", "classes.json"},
    ),
}
every_sink = pytest.mark.parametrize(("make", "outputs"), MAKERS.values(), ids=MAKERS.keys())


def info_of(size: tuple[int, int] = (48, 64), **facts: object) -> VideoInfo:
    return VideoInfo("test", size, **({"frame_rate": RATE, "time_base": Fraction(1, 12800)} | facts))  # type: ignore[arg-type]


def frame_of(
    index: int, size: tuple[int, int] = (48, 64), time: Fraction | None = None, pixels: NDArray[np.uint8] | None = None
) -> Frame:
    picture = pixels if pixels is not None else np.full((*size, 3), (40 + index) % 256, np.uint8)
    time = index / RATE if time is None else time
    return Frame(index, time, size, MotionField.zero(), picture="P", load=lambda: picture)


def labels_of(
    size: tuple[int, int] = (48, 64), dtype: type[np.uint8 | np.uint16] = np.uint8, *, seed: int = 0
) -> Labels:
    values = [0, 1, 2, np.iinfo(dtype).max] + ([299] if dtype is np.uint16 else [])
    coarse = np.random.default_rng(seed).choice(values, (size[0] // 4 + 1, size[1] // 4 + 1)).astype(dtype)
    return cast(Labels, coarse.repeat(4, 0).repeat(4, 1)[: size[0], : size[1]])


def confidence_of(size: tuple[int, int] = (48, 64), *, seed: int = 0) -> NDArray[np.float32]:
    """Return what there is at the cells, one for eight by eight pixels."""
    return np.random.default_rng(seed).random((-(-size[0] // 8), -(-size[1] // 8)), np.float32)


def put(sink: Sink, frame: Frame, labels: Labels, *, is_key: bool, distance: int) -> None:
    """Write a frame with all that a sink may ask for."""
    confidence = confidence_of(frame.size, seed=frame.index)
    sink.write(FrameResult(frame, labels, is_key=is_key, distance=distance, confidence=confidence))


def write_all(sink: Sink, times: list[Fraction], size: tuple[int, int] = (48, 64)) -> None:
    with sink:
        for index, time in enumerate(times):
            put(sink, frame_of(index, size, time), labels_of(size), is_key=index == 0, distance=index)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


# The contract


@every_sink
@pytest.mark.parametrize("size", [(48, 64), (35, 47)], ids=["even", "odd"])
def test_close_gives_the_final_names(make: Make, outputs: set[str], size: tuple[int, int], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(size), CLASSES)
    for index in range(3):
        put(sink, frame_of(index, size), labels_of(size), is_key=index == 0, distance=index)
    assert not names(tmp_path) & outputs
    sink.close()
    assert names(tmp_path) == outputs
    assert sink.warnings == []
    sink.discard()
    assert names(tmp_path) == outputs


@every_sink
def test_what_exists_is_replaced(make: Make, outputs: set[str], tmp_path: Path) -> None:
    for _ in range(2):
        write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0), Fraction(1)])
    assert names(tmp_path) == outputs


@every_sink
@pytest.mark.parametrize("count", [0, 1, 3])
def test_discard_leaves_nothing(make: Make, outputs: set[str], count: int, tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    for index in range(count):
        put(sink, frame_of(index), labels_of(), is_key=False, distance=0)
    sink.discard()
    sink.discard()
    assert names(tmp_path) == set()


@every_sink
def test_an_exception_inside_leaves_nothing(make: Make, outputs: set[str], tmp_path: Path) -> None:
    def interrupted() -> None:
        with make(tmp_path, info_of(), CLASSES) as sink:
            put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert names(tmp_path) == set()


@every_sink
def test_a_change_of_size_is_survived(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with make(tmp_path, info_of(), CLASSES) as sink:
        for index, size in enumerate([(48, 64), (48, 64), (24, 40), (24, 40), (96, 64)]):
            put(sink, frame_of(index, size), labels_of(size), is_key=False, distance=0)
    assert names(tmp_path) == outputs
    assert len(sink.warnings) == (1 if outputs & {"overlay.mp4", "masks.mkv", "confidence.mkv"} else 0)


@every_sink
def test_more_than_255_classes(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with make(tmp_path, info_of(), MANY) as sink:
        put(sink, frame_of(0), labels_of(dtype=np.uint16), is_key=True, distance=0)
    assert names(tmp_path) == outputs


@every_sink
def test_labels_that_do_not_fit_are_refused(make: Make, outputs: set[str], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    for labels in (labels_of((24, 64)), cast(Labels, labels_of().astype(np.int64))):
        with pytest.raises(ValueError, match="labels of frame 0"):
            put(sink, frame_of(0), labels, is_key=True, distance=0)
    sink.discard()


@every_sink
def test_nothing_is_written_after_close(make: Make, outputs: set[str], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
    sink.close()
    with pytest.raises(ValueError, match="closed"):
        put(sink, frame_of(1), labels_of(), is_key=True, distance=0)


@every_sink
def test_a_missing_folder_is_an_output_error(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*absent.*: the folder does not exist"):
        make(tmp_path / "absent", info_of(), CLASSES)


@every_sink
def test_what_an_ended_process_left_is_removed(make: Make, outputs: set[str], tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for path in map(Path, outputs):
        left = tmp_path / f".{path.stem}.{ended.pid}.part{path.suffix}"
        if path.suffix:
            left.write_bytes(b"half")
        else:
            left.mkdir()
            (left / "frame_000000.png").write_bytes(b"half")
    write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0)])
    assert names(tmp_path) == outputs


@every_sink
def test_a_full_disk_is_an_output_error(make: Make, outputs: set[str], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0)])  # compiles, and caches that, outside of the limit
    for path in tmp_path.glob("**/*.*"):
        path.unlink()

    def fill() -> None:
        with make(tmp_path, info_of(), CLASSES) as sink:
            for index in range(200):
                put(sink, frame_of(index, pixels=noise), labels_of(seed=index), is_key=False, distance=0)

    limit = file_size_limit(100 if outputs == {"images"} else 4096)
    with limit, pytest.raises(OutputError, match=r"cannot write .*: the file system takes no file of this size"):
        fill()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    resource = pytest.importorskip("resource", reason="limits on file sizes are a Unix matter")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Masks


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(48, 64), (35, 47), (1, 1)])
def test_masks_come_back_exactly(dtype: type[np.uint8 | np.uint16], size: tuple[int, int], tmp_path: Path) -> None:
    labels = [labels_of(size, dtype, seed=seed) for seed in range(4)]
    noise = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)
    labels.append(noise)
    with MaskSink(tmp_path / "masks.mkv", info_of(size), CLASSES) as sink:
        for index, values in enumerate(labels):
            sink.write(FrameResult(frame_of(index, size), values, is_key=False, distance=0))
    frames = decoded(tmp_path / "masks.mkv")
    assert len(frames) == len(labels)
    for frame, values in zip(frames, labels, strict=True):
        assert frame.format.name == ("gray" if dtype is np.uint8 else "gray16le")
        assert frame.color_range == 2
        np.testing.assert_array_equal(frame.to_ndarray(), values)


def test_masks_keep_the_sources_times_to_the_millisecond(tmp_path: Path) -> None:
    times = [Fraction(5), Fraction(5) + Fraction(1, 30), Fraction(21, 4), Fraction(26, 3)]
    write_all(MaskSink(tmp_path / "masks.mkv", info_of(), CLASSES), times)
    assert [frame.pts for frame in decoded(tmp_path / "masks.mkv")] == [5000, 5033, 5250, 8667]


def test_masks_of_another_size_are_scaled_by_nearest_neighbour(tmp_path: Path) -> None:
    with MaskSink(tmp_path / "masks.mkv", info_of((4, 4)), CLASSES) as sink:
        sink.write(FrameResult(frame_of(0, (4, 4)), np.zeros((4, 4), np.uint8), is_key=True, distance=0))
        small = np.array([[0, 1], [2, 255]], np.uint8)
        sink.write(FrameResult(frame_of(1, (2, 2)), small, is_key=True, distance=0))
    np.testing.assert_array_equal(decoded(tmp_path / "masks.mkv")[1].to_ndarray(), small.repeat(2, 0).repeat(2, 1))
    assert "4x4 to 2x2 at frame 1" in sink.warnings[0]


def test_masks_refuse_a_change_of_type(tmp_path: Path) -> None:
    sink = MaskSink(tmp_path / "m.mkv", info_of(), CLASSES)
    sink.write(FrameResult(frame_of(0), labels_of(), is_key=True, distance=0))
    with pytest.raises(ValueError, match="began with uint8"):
        sink.write(FrameResult(frame_of(1), labels_of(dtype=np.uint16), is_key=True, distance=0))
    sink.discard()


# Confidence


@pytest.mark.parametrize("size", [(48, 64), (35, 47), (1, 1), (720, 1280)])
def test_confidence_comes_back_rounded_at_the_networks_cells(size: tuple[int, int], tmp_path: Path) -> None:
    maps = [np.ones_like(confidence_of(size)), *(confidence_of(size, seed=seed) for seed in range(3))]
    with ConfidenceSink(tmp_path / "confidence.mkv", info_of(size), CLASSES) as sink:
        for index, confidence in enumerate(maps):
            now = frame_of(index, size, Fraction(5) + Fraction(index, 30))
            sink.write(FrameResult(now, labels_of(size), is_key=index == 0, distance=index, confidence=confidence))
    frames = decoded(tmp_path / "confidence.mkv")
    assert [frame.pts for frame in frames] == [5000, 5033, 5067, 5100]
    for frame, confidence in zip(frames, maps, strict=True):
        assert (frame.format.name, frame.color_range) == ("gray", 2)
        np.testing.assert_array_equal(frame.to_ndarray(), np.round(255 * confidence))
    assert (frames[0].to_ndarray() == 255).all()
    assert sink.warnings == []


def test_confidence_that_nobody_judged_is_zero_and_told_of_once(tmp_path: Path) -> None:
    with ConfidenceSink(tmp_path / "confidence.mkv", info_of(), CLASSES) as sink:
        put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
        for index in (1, 2):
            sink.write(FrameResult(frame_of(index), labels_of(), is_key=False, distance=index))
    frames = [frame.to_ndarray() for frame in decoded(tmp_path / "confidence.mkv")]
    assert [frame.shape for frame in frames] == [(6, 8)] * 3
    assert [bool(frame.any()) for frame in frames] == [True, False, False]
    assert len(sink.warnings) == 1
    assert "frame 1 has no confidence; such frames are written as 0" in sink.warnings[0]


def test_confidence_begins_with_a_frame_that_has_one(tmp_path: Path) -> None:
    sink = ConfidenceSink(tmp_path / "confidence.mkv", info_of(), CLASSES)
    with pytest.raises(ValueError, match="frame 0 has no confidence"):
        sink.write(FrameResult(frame_of(0), labels_of(), is_key=False, distance=1))
    sink.discard()


# Overlay


@pytest.mark.parametrize("time_base", [Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 25)])
def test_overlay_keeps_variable_times(time_base: Fraction, tmp_path: Path) -> None:
    ticks = [0, 1, 2, 5, 6, 40, 41, 43, 44, 50]
    times = [7 + tick * 3 * time_base for tick in ticks]
    write_all(OverlaySink(tmp_path / "o.mp4", info_of(time_base=time_base), CLASSES), times)
    frames = decoded(tmp_path / "o.mp4")
    assert [begin_of(frame) for frame in frames] == [time - 7 for time in times]


def test_overlay_is_what_players_take(tmp_path: Path) -> None:
    info = info_of((35, 47), sample_aspect_ratio=Fraction(4, 3), rotation=90)
    write_all(OverlaySink(tmp_path / "o.mp4", info, CLASSES), [Fraction(i, 25) for i in range(30)], (35, 47))
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.profile == "High"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (48, 36)
        assert stream.sample_aspect_ratio == Fraction(4, 3)
        frames = list(container.decode(stream))
    assert len(frames) == 30
    assert frames[0].rotation == 0
    head = (tmp_path / "o.mp4").read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")


def test_the_last_frame_of_an_overlay_lasts_one_frame(tmp_path: Path) -> None:
    for times in ([Fraction(0)], [Fraction(0), Fraction(1, 25), Fraction(2)]):
        write_all(OverlaySink(tmp_path / "o.mp4", info_of(), CLASSES), times)
        with av.open(str(tmp_path / "o.mp4")) as container:
            assert container.duration is not None
            assert abs(container.duration / av.time_base - float(times[-1]) - 0.04) < 0.005


def test_overlay_pads_odd_sizes_with_the_edge(tmp_path: Path) -> None:
    pixels = np.full((35, 47, 3), 30, np.uint8)
    pixels[-8:], pixels[:, -8:] = 200, 200
    with OverlaySink(tmp_path / "o.mp4", info_of((35, 47)), CLASSES) as sink:
        sink.write(
            FrameResult(frame_of(0, (35, 47), pixels=pixels), np.full((35, 47), 255, np.uint8), is_key=True, distance=0)
        )
    luma = decoded(tmp_path / "o.mp4")[0].to_ndarray()[:36, :48].astype(int)
    assert abs(luma[-1, 4:] - luma[-2, 4:]).max() <= 4
    assert abs(luma[4:, -1] - luma[4:, -2]).max() <= 4


@pytest.mark.parametrize(
    ("matrix", "tag", "red", "blue"),
    [("bt601", 6, 0.299, 0.114), ("bt709", 1, 0.2126, 0.0722), ("bt2020", 9, 0.2627, 0.0593)],
)
@pytest.mark.parametrize("full_range", [False, True])
def test_overlay_colours_come_back(
    matrix: str, tag: int, red: float, blue: float, full_range: bool, tmp_path: Path
) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40), (90, 90, 160)]
    pixels = np.repeat(np.array(colours, np.uint8)[None], 32, 0).repeat(32, 1)
    size = pixels.shape[:2]
    info = info_of(size, matrix=matrix, full_range=full_range)
    with OverlaySink(tmp_path / "o.mp4", info, CLASSES) as sink:
        sink.write(FrameResult(frame_of(0, size, pixels=pixels), np.full(size, 255, np.uint8), is_key=True, distance=0))
    frame = decoded(tmp_path / "o.mp4")[0]
    assert (frame.colorspace, frame.color_range) == (tag, 1)
    planes = frame.to_ndarray().astype(float)
    height, width = size
    luma = (planes[:height] - 16) / 219
    chroma = (planes[height:].reshape(2, height // 2, width // 2) - 128) / 224
    for number, colour in enumerate(colours):
        x = number * 32 + 16
        y, u, v = luma[16, x], chroma[0, 8, x // 2], chroma[1, 8, x // 2]
        r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
        g = (y - red * r - blue * b) / (1 - red - blue)
        np.testing.assert_allclose(np.clip(np.array([r, g, b]) * 255, 0, 255), colour, atol=3)


def test_overlay_draws_classes_lines_and_nothing_where_unknown(tmp_path: Path) -> None:
    size = (64, 96)
    labels = np.repeat(np.array([[0, 1, 255]], np.uint8), 64, 0).repeat(32, 1)
    pixels = np.full((*size, 3), 100, np.uint8)
    with OverlaySink(tmp_path / "o.mp4", info_of(size), CLASSES, opacity=0.5) as sink:
        sink.write(FrameResult(frame_of(0, size, pixels=pixels), labels, is_key=True, distance=0))
    picture = decoded(tmp_path / "o.mp4")[0].to_ndarray(format="rgb24").astype(int)
    np.testing.assert_allclose(picture[32, 12], (np.array(COLOURS[0]) + 100) / 2, atol=4)
    np.testing.assert_allclose(picture[32, 48], (np.array(COLOURS[1]) + 100) / 2, atol=4)
    np.testing.assert_allclose(picture[32, 84], 100, atol=4)
    assert picture[32, 31].sum() < 0.75 * picture[32, 12].sum()


def test_overlay_without_a_frame_makes_no_file(tmp_path: Path) -> None:
    with OverlaySink(tmp_path / "o.mp4", info_of(), CLASSES):
        pass
    assert names(tmp_path) == set()


# Sound


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


def begin_of(packet: Packet[Any] | av.VideoFrame) -> Fraction:
    assert packet.pts is not None
    assert packet.time_base is not None
    return packet.pts * packet.time_base


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


# Images


def test_images_hold_class_ids_and_the_palette(tmp_path: Path) -> None:
    with ImageSink(tmp_path / "images", info_of(), CLASSES) as sink:
        for index, size in ((0, (48, 64)), (7, (35, 47))):
            sink.write(FrameResult(frame_of(index, size), labels_of(size), is_key=False, distance=0))
    assert names(tmp_path / "images") == {"frame_000000.png", "frame_000007.png"}
    image = Image.open(tmp_path / "images" / "frame_000007.png")
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), labels_of((35, 47)))
    palette = np.asarray(image.getpalette()).reshape(-1, 3)
    assert [tuple(colour) for colour in palette[:3]] == list(COLOURS)
    assert tuple(palette[255]) == (0, 0, 0)


def test_images_of_many_classes_have_16_bits(tmp_path: Path) -> None:
    labels = labels_of(dtype=np.uint16)
    with ImageSink(tmp_path / "images", info_of(), MANY) as sink:
        sink.write(FrameResult(frame_of(0), labels, is_key=True, distance=0))
    image = Image.open(tmp_path / "images" / "frame_000000.png")
    assert image.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(image), labels)


def test_images_leave_files_of_others_alone(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "holiday.jpg").write_bytes(b"sun")
    with pytest.raises(OutputError, match="not label images"):
        ImageSink(tmp_path / "images", info_of(), CLASSES)
    assert names(tmp_path) == {"images"}
    assert names(tmp_path / "images") == {"holiday.jpg"}


# Statistics


def test_statistics_say_what_each_frame_holds(tmp_path: Path) -> None:
    labels = np.full((10, 10), 255, np.uint8)
    labels[:5], labels[5, :3] = 1, 2
    with StatisticsSink(tmp_path / "frames.csv", info_of(), CLASSES) as sink:
        sink.write(FrameResult(frame_of(3, (10, 10), Fraction(1, 3)), labels, is_key=True, distance=0))
        sink.write(FrameResult(frame_of(4, (10, 10), Fraction(2, 3)), labels[::-1, ::-1], is_key=False, distance=1))
    rows = list(csv.DictReader((tmp_path / "frames.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["frame", "time", "picture", "keyframe", "distance", *CLASSES.names]
    assert list(rows[0].values()) == ["3", "0.333333", "P", "1", "0", "0.000000", "0.500000", "0.030000"]
    assert list(rows[1].values()) == ["4", "0.666667", "P", "0", "1", "0.000000", "0.500000", "0.030000"]


def test_statistics_name_the_classes(tmp_path: Path) -> None:
    for classes, ignore in ((CLASSES, 255), (MANY, 65535)):
        write_all(StatisticsSink(tmp_path / "frames.csv", info_of(), classes), [Fraction(0)])
        described = json.loads((tmp_path / "classes.json").read_text(encoding="utf-8"))
        assert described["ignore"] == ignore
        assert described["classes"][1] == {"id": 1, "name": classes.names[1], "colour": list(classes.colours[1])}
        assert len(described["classes"]) == len(classes)
