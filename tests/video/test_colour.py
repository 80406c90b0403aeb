"""Colours of every matrix and range come back."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.numbered import encode
from warpseg.video import open_pictures

PRIMARIES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 80, 30)]


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
