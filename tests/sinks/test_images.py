"""Images: class ids with a palette."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.sinks import (
    CLASSES,
    COLOURS,
    MANY,
    frame_of,
    info_of,
    labels_of,
    names,
)
from warpseg.errors import OutputError
from warpseg.sinks.base import FrameResult
from warpseg.sinks.images import ImageSink


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
