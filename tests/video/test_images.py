"""Folders of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from tests.support.numbered import LENGTH, SIZE, number_of, picture
from warpseg.errors import VideoError
from warpseg.video import open_pictures


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


RAMP = np.linspace(0, 1, 64 * 48).reshape(48, 64)
DEEP: dict[str, Callable[[Path], object]] = {
    "16.png": lambda path: Image.fromarray(np.rint(65535 * RAMP).astype(np.uint16)).save(path),
    "16.tif": lambda path: Image.fromarray(np.rint(65535 * RAMP).astype(np.uint16)).save(path),
    "big_endian.tif": lambda path: Image.fromarray(np.rint(65535 * RAMP).astype(">u2")).save(path),
    "float.tif": lambda path: Image.fromarray(RAMP.astype(np.float32)).save(path),
    "over.tif": lambda path: Image.fromarray((2 * RAMP - 0.5).astype(np.float32)).save(path),
    "16.pgm": lambda path: path.write_bytes(b"P5 64 48 65535\n" + np.rint(65535 * RAMP).astype(">u2").tobytes()),
    "12.pgm": lambda path: path.write_bytes(b"P5 64 48 4095\n" + np.rint(4095 * RAMP).astype(">u2").tobytes()),
    "16.jp2": lambda path: Image.fromarray(np.rint(65535 * RAMP).astype(np.uint16)).save(path),
    "float.pfm": lambda path: path.write_bytes(b"Pf\n64 48\n-1.0\n" + RAMP[::-1].astype("<f4").tobytes()),
}


@pytest.mark.parametrize("name", DEEP)
def test_more_than_eight_bits_are_scaled(tmp_path: Path, name: str) -> None:
    DEEP[name](tmp_path / name)
    expected = np.rint(255 * np.clip(2 * RAMP - 0.5 if name == "over.tif" else RAMP, 0, 1))
    for source in (tmp_path, tmp_path / name):
        with open_pictures(source) as reader:
            shown = next(reader)
            assert list(reader) == []
        unit = 1 if name == "12.pgm" else 0  # twelve bits round to another value now and then
        np.testing.assert_allclose(shown.load(), np.repeat(expected[..., None], 3, 2), rtol=0, atol=unit)
        np.testing.assert_allclose(shown.luma, expected, rtol=0, atol=unit)


def test_integers_without_a_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.arange(12, dtype=np.int32).reshape(3, 4)).save(tmp_path / "depth.tif")
    for source in (tmp_path, tmp_path / "depth.tif"):
        with open_pictures(source) as reader, pytest.raises(VideoError, match="no stated range"):
            next(reader)


@pytest.mark.parametrize("suffix", ["jp2", "avif", "ppm", "jfif", "gif", "tga", "sgi", "exr", "qoi", "dpx"])
def test_every_format_of_pictures_is_read_from_a_folder(tmp_path: Path, suffix: str) -> None:
    for index in range(4):
        path = tmp_path / f"a{index}.{suffix if index % 2 else 'png'}"
        if path.suffix in (".exr", ".dpx"):
            with av.open(str(path), "w", format="image2") as container:
                stream = cast(VideoStream, container.add_stream(suffix, rate=25))
                stream.width, stream.height = SIZE[1], SIZE[0]
                stream.pix_fmt = "gbrpf32le" if suffix == "exr" else "rgb24"
                frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24").reformat(format=stream.pix_fmt)
                container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
        else:
            Image.fromarray(picture(index)).save(path)
    with open_pictures(tmp_path) as reader:
        assert [number_of(shown) for shown in reader] == [0, 1, 2, 3]


def test_pictures_that_are_not_read_are_named(folder: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(picture(0)).save(tmp_path / name)
    for name in ("c.CR2", "d.svg", "notes.txt"):
        (tmp_path / name).write_text("odd")
    with open_pictures(tmp_path) as reader:
        assert len(list(reader)) == 2
        assert "2 pictures are of kinds that are not read, the first c.CR2" in reader.warnings[0]


def test_an_animation_is_a_video(tmp_path: Path) -> None:
    frames = [Image.fromarray(picture(index)) for index in range(5)]
    for name in ("moving.gif", "moving.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=40)
        with open_pictures(tmp_path / name) as reader:
            assert [number_of(shown) for shown in reader] == list(range(5))
