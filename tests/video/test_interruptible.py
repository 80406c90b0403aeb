"""Silent sources: a signal, a time limit or another thread ends the wait at once."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from torch import nn

from tests.support.command import moving
from tests.support.servers import serving, silence
from warpseg import Segmenter
from warpseg.engine.pipeline import Threads
from warpseg.engine.source import open_video
from warpseg.errors import VideoError
from warpseg.video import SourceOptions, open_pictures
from warpseg.video.encode import encode
from warpseg.video.interruptible import Abandoned, Reader


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an MPEG-TS of 60 frames."""
    path = tmp_path_factory.mktemp("clip") / "clip.ts"
    encode(moving(60), path, rate=25, options={"g": "10", "bf": "0"})
    return path.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def warm(clip: bytes) -> None:
    """Compile what a stream needs: the compiler loses Ctrl-C."""
    first_frames(io.BytesIO(clip))


@contextmanager
def pipe(path: Path, begin: bytes) -> Iterator[Path]:
    """Make a named pipe that delivers ``begin`` and then stays open and silent."""
    os.mkfifo(path)
    done = threading.Event()

    def write() -> None:
        with path.open("wb") as file:
            file.write(begin)
            file.flush()
            done.wait()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield path
    done.set()


@contextmanager
def interrupted(after: float = 0.4) -> Iterator[None]:
    """Send Ctrl-C while the block runs, and assert that it ends the block within a second."""
    sent = []

    def send() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, send)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
        assert time.monotonic() - sent[0] < 1
    finally:
        timer.cancel()


def first_frames(source: Path | str | BinaryIO) -> None:
    segmenter = Segmenter(nn.Conv2d(3, 4, 1), interval=2, device="cpu")
    for _ in segmenter.stream(source, options=SourceOptions(timeout=30)):
        pass


@pytest.mark.parametrize("part", [0, 0.5])
def test_ctrl_c_ends_a_stream_of_a_silent_pipe(tmp_path: Path, clip: bytes, part: float) -> None:
    with pipe(tmp_path / "clip.ts", clip[: int(part * len(clip))]) as source, interrupted(1.0):
        first_frames(source)


@pytest.mark.parametrize("part", [0, 0.5])
def test_ctrl_c_ends_a_stream_of_a_silent_server(clip: bytes, part: float) -> None:
    with silence(clip[: int(part * len(clip))]) as (address, _), interrupted(1.0):
        first_frames(address)


@pytest.mark.parametrize("part", [0, 0.5])
def test_ctrl_c_ends_a_stream_of_a_silent_file_object(tmp_path: Path, clip: bytes, part: float) -> None:
    path = tmp_path / "clip.ts"
    with pipe(path, clip[: int(part * len(clip))]), path.open("rb", buffering=0) as source, interrupted(1.0):
        first_frames(source)


@pytest.mark.parametrize("part", [0, 0.5])
def test_a_server_that_falls_silent_ends_by_the_time_limit(clip: bytes, part: float) -> None:
    with silence(clip[: int(part * len(clip))]) as (address, _):
        begun = time.monotonic()
        with pytest.raises(VideoError) as raised:
            list(open_pictures(address, options=SourceOptions(timeout=0.6)))
        assert 0.5 < time.monotonic() - begun < 2.5
    assert ("no answer for 0.6 s" if part == 0 else "no data for 0.6 s") in str(raised.value)


def test_a_pipe_has_a_time_limit_only_when_asked_for(tmp_path: Path, clip: bytes) -> None:
    assert SourceOptions().limit(network=False) is None
    assert SourceOptions().limit(network=True) == 10
    with pipe(tmp_path / "clip.ts", clip[: len(clip) // 2]) as source:
        reader = open_pictures(source, options=SourceOptions(timeout=0.5))
        with pytest.raises(VideoError, match=r"no data for 0\.5 s"):
            list(reader)


def test_what_came_before_the_silence_is_read(tmp_path: Path, clip: bytes) -> None:
    frames = 0
    with pipe(tmp_path / "clip.ts", clip) as source:
        reader = open_pictures(source, options=SourceOptions(timeout=1))
        with pytest.raises(VideoError, match="no data"):  # noqa: PT012
            for _ in reader:
                frames += 1
    assert frames >= 58  # the demuxer and its parser each hold a packet back until the next one comes


def test_closing_from_another_thread_does_not_wait(tmp_path: Path, clip: bytes) -> None:
    with pipe(tmp_path / "clip.ts", clip[: len(clip) // 2]) as source:
        video = open_video(source, pipeline=Threads())
        next(video)
        time.sleep(0.3)
        begun = time.monotonic()
        video.close()
        assert time.monotonic() - begun < 0.5


def test_a_slow_pipe_reads_like_the_file(tmp_path: Path, clip: bytes) -> None:
    path = tmp_path / "clip.ts"
    path.write_bytes(clip)
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb") as file:
            for at in range(0, len(clip), 4096):
                file.write(clip[at : at + 4096])
                time.sleep(0.002)

    threading.Thread(target=write, daemon=True).start()
    with open_pictures(tmp_path / "pipe") as piped, open_pictures(path) as read:
        for one, other in zip(piped, read, strict=True):
            assert one.time == other.time
            assert (one.luma == other.luma).all()


def test_a_server_reads_like_the_file(tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "clip.ts").write_bytes(clip)
    with serving(tmp_path) as server, open_pictures(f"{server.address}/clip.ts") as reader:
        assert len(list(reader)) == 60


def test_no_thread_is_left_by_a_source_that_is_closed(tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "clip.ts").write_bytes(clip)
    before = set(threading.enumerate())
    with serving(tmp_path) as server:
        with open_pictures(f"{server.address}/clip.ts", max_frames=2) as reader:
            list(reader)
        left = [thread for thread in set(threading.enumerate()) - before if thread.name == "warpseg-reader"]
    assert left == []


# The reader itself


def test_a_call_gives_its_result_or_its_error() -> None:
    reader = Reader(None)
    assert reader.call(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        reader.call(lambda: 1 // 0)
    assert list(reader.iterate(iter(range(3)))) == [0, 1, 2]
    closed = []
    reader.close(lambda: closed.append(True))
    assert closed == [True]


def test_after_a_call_that_was_given_up_only_closing_follows() -> None:
    reader, go, order = Reader(0.2), threading.Event(), []

    def job() -> None:
        go.wait()
        order.append("job")

    with pytest.raises(TimeoutError, match=r"0\.2 s"):
        reader.call(job)
    with pytest.raises(Abandoned):
        reader.call(lambda: None)
    reader.close(lambda: order.append("closed"))
    assert order == []
    go.set()
    deadline = time.monotonic() + 5
    while len(order) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert order == ["job", "closed"]
