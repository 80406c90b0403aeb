"""Overlay: times, colours and sizes as players take them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.sinks import (
    CLASSES,
    COLOURS,
    begin_of,
    decoded,
    frame_of,
    info_of,
    names,
    write_all,
)
from warpseg.sinks.base import FrameResult
from warpseg.sinks.overlay import OverlaySink


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
