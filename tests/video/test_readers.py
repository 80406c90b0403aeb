"""Laws of every reader, then what only coded video can get wrong."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import threading
import time
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
import torch
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from tests.support import assets
from tests.support.assets import Asset, data_path
from warpseg.errors import VideoError
from warpseg.types import Picture
from warpseg.video import PictureReader, open_pictures

LENGTH = 12
SIZE = (48, 80)
PRIMARIES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 80, 30)]


def picture(index: int) -> NDArray[np.uint8]:
    """Return a picture whose brightness tells its number, and whose content moves."""
    rows, columns = np.indices(SIZE)
    value = (20 * index + 8 * ((rows // 8 + columns // 8 + index // 2) % 2)).astype(np.uint8)
    return np.repeat(value[..., None], 3, axis=2)


def number_of(shown: Picture) -> int:
    return round((float(np.median(shown.load())) - 4) / 20)


def encode(path: Path | str, frames: Iterator[av.VideoFrame], codec: str = "libx264", **options: str) -> Path:
    """Write frames at 25 a second; the container follows from the name."""
    first = next(frames)
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25, options=options))
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, first.format.name
        stream.codec_context.colorspace, stream.codec_context.color_range = first.colorspace, first.color_range
        for index, frame in enumerate([first, *frames]):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Path(path)


def numbered(length: int = LENGTH) -> Iterator[av.VideoFrame]:
    for index in range(length):
        yield av.VideoFrame.from_ndarray(picture(index % LENGTH), format="rgb24").reformat(format="yuv420p")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("clip") / "clip.mkv", numbered(), qp="10", bf="2", g="6")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for index in range(LENGTH):
        Image.fromarray(picture(index)).save(root / f"frame_{index}.png")
    (root / "notes.txt").write_text("not an image")
    return root


@contextlib.contextmanager
def piped(path: Path) -> Iterator[io.BufferedReader]:
    """Yield the reading end of a pipe that a thread fills, as ``cat path |`` does."""
    reading, writing = os.pipe()

    def fill() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
            sink.write(path.read_bytes())

    thread = threading.Thread(target=fill)
    thread.start()
    with os.fdopen(reading, "rb") as source:
        yield source
    thread.join()


Opened = Callable[..., PictureReader]


@pytest.fixture(params=["file", "file object", "pipe", "folder", "glob", "printf", "arrays", "tensors"])
def opened(request: pytest.FixtureRequest, clip: Path, folder: Path) -> Iterator[Opened]:
    """Open the same twelve pictures through every reader."""
    with contextlib.ExitStack() as stack:
        make: dict[str, Callable[[], object]] = {
            "file": lambda: clip,
            "file object": lambda: stack.enter_context(clip.open("rb")),
            "pipe": lambda: stack.enter_context(piped(clip)),
            "folder": lambda: folder,
            "glob": lambda: f"{folder}/*.png",
            "printf": lambda: str(folder / "frame_%d.png"),
            "arrays": lambda: (picture(index) for index in range(LENGTH)),
            "tensors": lambda: [torch.from_numpy(picture(index)) for index in range(LENGTH)],
        }
        yield lambda **span: open_pictures(make[request.param](), **span)  # type: ignore[arg-type]


def check_laws(pictures: list[Picture], first: int = 0) -> None:
    """What a list of pictures that follow each other promises, whatever they came from."""
    assert [shown.index for shown in pictures] == list(range(first, first + len(pictures)))
    assert all(before.time < after.time for before, after in pairwise(pictures))
    for shown in pictures:
        assert isinstance(shown.time, Fraction)
        coded = shown.size[::-1] if shown.rotation % 180 else shown.size
        assert shown.luma.shape == coded
        assert shown.luma.dtype == np.uint8


def test_every_reader_yields_all_pictures_in_order(opened: Opened) -> None:
    with opened() as reader:
        pictures = list(reader)
        assert reader.info.size == SIZE
        assert reader.info.frame_rate == 25
        assert reader.info.frame_count in (LENGTH, None)
    check_laws(pictures)
    assert [number_of(shown) for shown in pictures] == list(range(LENGTH))
    assert [shown.time for shown in pictures] == [reader.info.start_time + Fraction(i, 25) for i in range(LENGTH)]
    for shown in pictures:
        pixels = shown.load()
        assert pixels.shape == (*SIZE, 3)
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous


@pytest.mark.parametrize("start", [0, Fraction(1, 25), 0.2, Fraction(7, 25), 0.43])
def test_every_reader_keeps_frame_numbers_with_a_late_start(opened: Opened, start: Fraction | float) -> None:
    with opened(start=start, end=0.45) as reader:
        pictures = list(reader)
    wanted = [index for index in range(LENGTH) if Fraction(str(start)) <= Fraction(index, 25) < Fraction(45, 100)]
    assert [shown.index for shown in pictures] == wanted
    assert [number_of(shown) for shown in pictures] == wanted


def test_every_reader_stops_at_max_frames(opened: Opened) -> None:
    with opened(start=0.08, max_frames=3) as reader:
        assert [shown.index for shown in reader] == [2, 3, 4]


def test_every_reader_says_when_nothing_is_left(opened: Opened) -> None:
    with opened(start=5) as reader, pytest.raises(VideoError, match="no frame at 5 s"):
        next(reader)


def test_every_reader_closes_early_and_twice(opened: Opened) -> None:
    reader = opened()
    first = next(reader)
    reader.close()
    reader.close()
    assert list(reader) == []
    assert number_of(first) == 0  # what was yielded outlives the reader
    assert first.luma.shape == SIZE


@pytest.mark.parametrize("span", [{"start": -1}, {"end": 0}, {"start": 2, "end": 1}, {"max_frames": 0}])
def test_spans_that_cannot_hold_a_frame_are_refused(span: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is accepted"):
        open_pictures(iter([picture(0)]), **span)


# Coded video


@pytest.mark.parametrize("asset", assets.VIDEOS, ids=str)
def test_asset_is_read_whole(asset: Asset) -> None:
    pictures: list[Picture] = []
    with open_pictures(asset.path) as reader:
        info = reader.info
        failure = pytest.raises(VideoError, match="damaged") if asset.damaged else contextlib.nullcontext()
        with failure:
            for shown in reader:
                pictures.append(shown)
                if shown.index in (0, asset.frames - 1):
                    assert shown.load().shape == (*shown.size, 3)
    assert len(pictures) == asset.frames
    check_laws(pictures)
    assert (info.size, info.codec, info.rotation) == (asset.size, asset.codec, asset.rotation)
    assert info.start_time == pictures[0].time == asset.start
    assert info.has_vectors == any(shown.vectors is not None for shown in pictures)
    assert any("no timestamps" in warning for warning in reader.warnings) != asset.timestamps


@pytest.mark.parametrize("asset", [assets.NASA_VFR, assets.VARIABLE_RATE, assets.FIRE, assets.UNORDERED], ids=str)
def test_times_are_the_source_s_own(asset: Asset) -> None:
    with av.open(asset.path) as container:
        stream = container.streams.video[0]
        expected = [(frame.pts or 0) * (stream.time_base or 0) for frame in container.decode(stream)]
    with open_pictures(asset.path) as reader:
        assert [shown.time for shown in reader] == expected


@pytest.mark.parametrize(
    ("asset", "vectors"), [(assets.FILM_H264, "h264"), (assets.FILM_MPEG4, "mpeg4_part2")], ids=["h264", "mpeg4"]
)
def test_vectors_equal_the_reference_files(asset: Asset, vectors: str) -> None:
    fields = ["source", "w", "h", "src_x", "src_y", "dst_x", "dst_y", "motion_x", "motion_y", "motion_scale"]
    kinds = data_path(f"vectors/{vectors}/frame_types.txt").read_text().split()
    with open_pictures(asset.path, max_frames=25) as reader:
        for shown in reader:
            reference = np.load(data_path(f"vectors/{vectors}/mvs-{shown.index}.npy"))
            assert shown.type == kinds[shown.index]
            if shown.vectors is None:
                assert len(reference) == 0
            else:
                np.testing.assert_array_equal(np.stack([shown.vectors[f].astype(int) for f in fields], 1), reference)


@pytest.mark.parametrize("asset", [assets.NASA, assets.HEVC, assets.LATE_START, assets.LOST_FRAMES], ids=str)
def test_a_late_start_gives_the_same_pictures_as_reading_all(asset: Asset) -> None:
    with open_pictures(asset.path, max_frames=290) as reader:
        whole = {shown.index: (shown.time, shown.type, int(shown.luma.astype(int).sum())) for shown in reader}
    for index in (1, asset.frames // 2, min(asset.frames, len(whole)) - 1):
        with open_pictures(asset.path, start=whole[index][0] - asset.start, max_frames=2) as reader:
            for shown in reader:
                if shown.index in whole:
                    assert whole[shown.index] == (shown.time, shown.type, int(shown.luma.astype(int).sum()))
        assert shown.index in (index, index + 1)


@pytest.mark.parametrize(
    ("codec", "name", "options"),
    [
        ("libx264", "open.mkv", {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0:scenecut=0"}),
        ("libx264", "open.ts", {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0:scenecut=0"}),
        ("libx265", "open.mkv", {"x265-params": "open-gop=1:keyint=8:min-keyint=8:bframes=3:b-adapt=0:log-level=none"}),
        ("mpeg2video", "open.ts", {"bf": "2", "g": "8", "qmin": "2", "qmax": "3"}),
        ("mpeg4", "packed.avi", {"g": "8", "qmin": "2", "qmax": "3"}),
        ("libvpx", "hidden.webm", {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "16", "deadline": "realtime"}),
    ],
    ids=["h264 mkv", "h264 ts", "hevc", "mpeg2 ts", "mpeg4 avi", "vp8"],
)
def test_frame_numbers_are_exact_in_open_groups_of_pictures(
    tmp_path: Path, codec: str, name: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, numbered(60), codec, **options)
    with open_pictures(path) as reader:
        times = [shown.time - reader.info.start_time for shown in reader]
    assert len(times) == 60
    for index in range(1, 60, 3):
        with open_pictures(path, start=times[index], max_frames=1) as reader:
            shown = next(reader)
        assert (shown.index, number_of(shown)) == (index, index % LENGTH)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize(
    ("matrix", "tag", "size"),
    [
        ("bt601", 6, (64, 192)),
        ("bt709", 1, (64, 192)),
        ("bt2020", 9, (64, 192)),
        ("bt601", 2, (64, 192)),
        ("bt709", 2, (720, 192)),
    ],
    ids=["bt601", "bt709", "bt2020", "unstated low", "unstated high"],
)
def test_colours_come_back(tmp_path: Path, matrix: str, tag: int, size: tuple[int, int], full: bool) -> None:
    red, blue = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}[matrix]
    rgb = np.repeat(np.array(PRIMARIES) / 255, size[1] // len(PRIMARIES), axis=0)
    y = rgb @ [red, 1 - red - blue, blue]
    u, v = (rgb[:, 2] - y) / (2 * (1 - blue)), (rgb[:, 0] - y) / (2 * (1 - red))
    rows = (255 * y, 255 * u + 128, 255 * v + 128) if full else (219 * y + 16, 224 * u + 128, 224 * v + 128)
    frame = av.VideoFrame(size[1], size[0], "yuv420p")
    for plane, row, step in zip(frame.planes, rows, (1, 2, 2), strict=True):
        line = np.zeros(plane.line_size, np.uint8)
        line[: plane.width] = np.clip(np.rint(row[::step]), 0, 255)
        plane.update(np.tile(line, plane.height).tobytes())
    frame.colorspace, frame.color_range = tag, 2 if full else 1
    path = encode(tmp_path / "colours.mp4", iter([frame]), qp="4")
    with open_pictures(path) as reader:
        assert (reader.info.matrix, reader.info.full_range) == (matrix, full)
        pixels = next(reader).load()
    middle = pixels[size[0] // 2, size[1] // 12 :: size[1] // 6].astype(int)
    np.testing.assert_allclose(middle, PRIMARIES, atol=3)


def test_rgb_is_turned_as_the_phone_was_held() -> None:
    path = (
        assets.QUARTER_TURN.path
    )  # a keyboard, whose letters stand upright after three quarter turns counter-clockwise
    with open_pictures(path) as reader, av.open(path) as container:
        pixels, coded = next(reader).load(), next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(pixels - np.rot90(coded, 3)).mean() < 6
    assert pixels.flags.c_contiguous


@pytest.mark.skipif(not hasattr(VideoStream, "set_display_rotation"), reason="PyAV before 18 cannot write a rotation")
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotation_comes_from_the_display_matrix(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = SIZE[1], SIZE[0]
        stream.set_display_rotation(degrees, hflip=mirrored)
        container.mux(stream.encode(next(numbered())))
        container.mux(stream.encode())
    with open_pictures(path) as reader, av.open(str(path)) as container:
        picture, coded = next(reader), next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        assert (reader.info.rotation, picture.rotation, picture.mirrored) == (degrees, degrees, mirrored)
        assert reader.info.size == (SIZE[::-1] if degrees % 180 else SIZE)
        assert not reader.warnings
    turned = np.rot90(coded, degrees // 90)
    assert np.abs(picture.load() - (turned[:, ::-1] if mirrored else turned)).mean() < 6


def test_luma_is_the_decoder_s_own_plane() -> None:
    with open_pictures(assets.ODD_444.path) as reader, av.open(assets.ODD_444.path) as container:
        for shown, frame in zip(reader, container.decode(video=0), strict=True):
            np.testing.assert_array_equal(shown.luma, frame.to_ndarray()[0])
            assert shown.luma.base is not None


def test_ten_bit_luma_is_converted_to_eight() -> None:
    with open_pictures(assets.TEN_BITS.path) as reader:
        shown = next(reader)
        grey = np.asarray(Image.fromarray(shown.load()).convert("L")).astype(int)
    assert np.abs(shown.luma - grey).mean() < 3


def test_size_may_change_on_the_way() -> None:
    with open_pictures(assets.SIZE_CHANGE.path) as reader:
        sizes = [(shown.size, shown.luma.shape, shown.load().shape[:2]) for shown in reader]
    assert {size for size, _, _ in sizes} == {(288, 352), (480, 640)}
    assert all(size == luma == rgb for size, luma, rgb in sizes)


def test_sample_aspect_ratio_is_as_displayed() -> None:
    with open_pictures(assets.LATE_START.path) as reader:
        assert reader.info.sample_aspect_ratio == Fraction(224, 225)


# Damage


def test_damage_is_raised_once_after_everything_that_can_be_read() -> None:
    with open_pictures(assets.CORRUPTED.path) as reader:
        pictures = [next(reader) for _ in range(49)]
        with pytest.raises(
            VideoError, match=r"^corrupted\.mp4: damaged: 1 of 50 packets could not be decoded, .* frames are missing$"
        ):
            next(reader)
        assert list(reader) == []
    check_laws(pictures)


def test_damage_after_the_span_does_not_matter() -> None:
    with open_pictures(assets.CORRUPTED.path, end=2) as reader:
        assert len(list(reader)) == 20


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_truncated_file_is_reported(tmp_path: Path, name: str) -> None:
    options = {"movflags": "+faststart"} if name.endswith("mp4") else {}
    whole = tmp_path / f"whole_{name}"
    with av.open(assets.FILM_H264.path) as source, av.open(str(whole), "w", options=options) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    (tmp_path / name).write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    pictures: list[Picture] = []
    with open_pictures(tmp_path / name) as reader, pytest.raises(VideoError, match="ends before the length"):
        pictures.extend(reader)
    assert 30 < len(pictures) < 200


def test_timestamps_that_run_backwards_are_repaired_with_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "backwards.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuvj420p"
        stamps = iter([0, 40, 80, 80, 80, 200])
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24").reformat(format="yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            for packet in stream.encode(frame):
                packet.pts = packet.dts = next(stamps)
                packet.time_base = Fraction(1, 1000)
                container.mux(packet)
    with open_pictures(path) as reader:
        times = [shown.time for shown in reader]
    step = 1 / (reader.info.frame_rate or Fraction(25))
    assert times == [
        0,
        Fraction(1, 25),
        Fraction(2, 25),
        Fraction(2, 25) + step,
        Fraction(2, 25) + 2 * step,
        Fraction(1, 5),
    ]
    assert [warning for warning in reader.warnings if "timestamp" in warning] == reader.warnings[:1]


def test_a_source_that_fails_half_way_gives_what_was_read() -> None:
    class Cable(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 60_000:
                raise OSError("cable pulled")
            return super().read(size)

    pictures: list[Picture] = []
    source = Cable(assets.VP9.path.read_bytes())
    with open_pictures(source) as reader, pytest.raises(VideoError, match=r"file object: damaged: .*cable pulled"):
        pictures.extend(reader)
    assert 5 < len(pictures) < assets.VP9.frames


def test_an_mp4_whose_index_comes_last_cannot_be_piped() -> None:
    with piped(assets.FILM_H264.path) as source, pytest.raises(VideoError, match="faststart"):
        open_pictures(source)


def empty(root: Path) -> Path:
    (root / "empty.mp4").touch()
    return root / "empty.mp4"


def web_page(root: Path) -> Path:
    (root / "page.mp4").write_text("<!doctype html><html><body>404 not found</body></html>" * 50)
    return root / "page.mp4"


def sound(root: Path) -> Path:
    with wave.open(str(root / "sound.wav"), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(16000))
    return root / "sound.wav"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty, "empty.mp4: the file is empty"),
        (web_page, "page.mp4: not a video"),
        (sound, "sound.wav: has no video stream"),
        (lambda root: root, "no images found"),
        (lambda root: root / "missing.mp4", "missing.mp4: no such file"),
        (lambda root: f"{root}/*.png", "no images found"),
        (lambda root: "nowhere://host/film.mp4", "film.mp4: cannot be opened"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], make: Callable[[Path], Path | str], message: str
) -> None:
    with pytest.raises(VideoError) as raised:
        open_pictures(make(tmp_path))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""


def test_a_file_object_stays_open(clip: Path) -> None:
    with clip.open("rb") as source:
        with open_pictures(source) as reader:
            next(reader)
            assert reader.info.name == "clip.mkv"
        assert not source.closed


def test_a_name_that_looks_like_a_pattern_or_protocol_is_a_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("clip[1].mkv", "12:30.mkv", "100%d.mkv"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        with open_pictures(name, max_frames=1) as reader:
            assert reader.info.name == name


# Images and arrays


def test_image_names_are_sorted_as_people_count(folder: Path) -> None:
    with open_pictures(folder) as reader:
        assert [number_of(shown) for shown in reader] == list(range(LENGTH))  # frame_2 before frame_10
        assert len(reader.warnings) == 1
        assert "25 frames a second assumed" in reader.warnings[0]


def test_exif_orientation_is_honoured(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((20, 40, 3), 90, np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "held.jpg", exif=exif)
    with open_pictures(tmp_path) as reader:
        assert reader.info.size == (40, 20)
        assert next(reader).load().shape == (40, 20, 3)


def test_a_broken_image_is_reported_after_those_before_it(tmp_path: Path) -> None:
    for index in range(3):
        Image.fromarray(picture(index)).save(tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])
    with open_pictures(tmp_path) as reader:
        assert [next(reader).index, next(reader).index] == [0, 1]
        with pytest.raises(VideoError, match=r"2\.png is not a readable image"):
            next(reader)


def test_an_endless_iterator_is_read_one_array_at_a_time() -> None:
    requested: list[int] = []

    def camera() -> Iterator[NDArray[np.uint8]]:
        try:
            for index in count():
                requested.append(index)
                yield picture(index % LENGTH)
        finally:
            requested.append(-1)

    with open_pictures(camera()) as reader:
        for _, shown in zip(range(5), reader, strict=False):
            assert requested[-1] == shown.index
    assert requested[-1] == -1  # the camera was told to stop


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8), "frame"]
)
@pytest.mark.parametrize("position", [0, 1])
def test_wrong_arrays_are_refused_with_what_is_accepted(wrong: object, position: int) -> None:
    arrays = cast(Iterator[NDArray[np.uint8]], iter([picture(0)] * position + [wrong]))
    with pytest.raises(ValueError, match=rf"array {position} .*\(H, W, 3\) uint8"):
        list(open_pictures(arrays))


def test_an_empty_iterable_is_no_video() -> None:
    with pytest.raises(VideoError, match="empty"):
        open_pictures([])


def test_pictures_are_freed_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        with open_pictures(assets.NASA.path, max_frames=60) as reader:
            assert sum(1 for _ in reader) == 60
            assert sum(type(kept) is av.VideoFrame for kept in gc.get_objects()) < 20
    finally:
        gc.enable()


def test_reading_costs_little_beside_decoding() -> None:
    with open_pictures(assets.FILM_H264.path, max_frames=100) as reader:
        start = time.thread_time()  # decoding itself runs in FFmpeg's threads
        assert len([shown.index for shown in reader]) == 100
        assert (
            time.thread_time() - start
        ) / 100 < 1e-3  # measured 0.35 ms with demuxing; the rest is room for a busy machine
