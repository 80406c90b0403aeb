"""Damaged sources give what can be read, then say what is wrong."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.support import assets
from tests.support.numbered import SIZE, check_laws, picture, piped
from warpseg.errors import VideoError
from warpseg.types import Picture
from warpseg.video import open_pictures


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
