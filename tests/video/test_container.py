"""Coded video: every frame with its number, time, vectors, size and rotation."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from tests.support import assets
from tests.support.assets import Asset, data_path
from tests.support.numbered import LENGTH, SIZE, check_laws, encode, number_of, numbered
from warpseg.errors import VideoError
from warpseg.types import Picture
from warpseg.video import open_pictures
from warpseg.video.probe import read_facts


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
        ("mpeg4", "reordered.avi", {"bf": "2", "g": "8", "qmin": "2", "qmax": "3"}),
        ("libx264", "open.avi", {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0:scenecut=0"}),
        ("libx264", "closed.avi", {"x264-params": "keyint=12:bframes=2:b-adapt=0:scenecut=0"}),
        ("libvpx", "hidden.webm", {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "16", "deadline": "realtime"}),
    ],
    ids=[
        *("h264 mkv", "h264 ts", "hevc", "mpeg2 ts", "mpeg4 avi", "mpeg4 b avi"),
        *("h264 avi", "closed h264 avi", "vp8"),
    ],
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


@pytest.mark.parametrize("suffix", ["mkv", "webm", "avi", "mp4", "mov", "ts", "nut", "flv", "wmv", "ogv"])
def test_texts_in_a_file_may_be_of_any_encoding(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    codec = {"webm": "libvpx", "flv": "flv", "wmv": "wmv2", "avi": "mpeg4", "ogv": "libvpx"}.get(suffix, "libx264")
    with av.open(str(path), "w", metadata_encoding="latin-1") as container:
        container.metadata["title"] = container.metadata["service_name"] = "Ferien an der K\xfcste"
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        stream.metadata["language"] = stream.metadata["title"] = "d\xfc\xdf"
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        for index, frame in enumerate(numbered()):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_pictures(path) as reader:
        assert len(list(reader)) == LENGTH
    assert read_facts(path).pixel_format == "yuv420p"
