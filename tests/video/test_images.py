"""Folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.numbered import LENGTH, number_of, picture
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
