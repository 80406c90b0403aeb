"""Laws of every reader, and sources that cannot be read."""

from __future__ import annotations

import contextlib
import gc
import time
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.support import assets
from tests.support.numbered import LENGTH, SIZE, check_laws, number_of, picture, piped
from warpseg.errors import VideoError
from warpseg.video import PictureReader, open_pictures

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
        open_pictures(iter([picture(0)]), **span)  # type: ignore[arg-type]


# Damage


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
        (web_page, "page.mp4: is a web page"),
        (sound, "sound.wav: has no video stream"),
        (lambda root: root, "no images found"),
        (lambda root: root / "missing.mp4", "missing.mp4: no such file"),
        (lambda root: f"{root}/*.png", "no images found"),
        (lambda root: "nowhere://host/film.mp4", "nowhere is not a kind of address"),
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
