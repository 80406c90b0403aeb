"""Stages in threads: the same as without, bounded, and ended cleanly."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.pans import pan
from tests.support.tiny_models import Tiny
from warpseg import Segmenter, process
from warpseg.engine.memory import Bounds, bounds_for
from warpseg.engine.pipeline import Inline, Pipeline, Threads
from warpseg.errors import OutputError, VideoError
from warpseg.run.result import Report
from warpseg.sinks.base import FrameResult
from warpseg.sinks.masks import MaskSink
from warpseg.types import VideoInfo
from warpseg.video import open_pictures
from warpseg.video.encode import encode

PIPELINES = [Inline, Threads]


def running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("warpseg-")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(running())
    yield
    deadline = time.monotonic() + 5
    while set(running()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(running()) <= before


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    made: Pipeline = request.param()
    yield made
    made.close()


def test_order_is_kept_through_stages(pipeline: Pipeline) -> None:
    doubled = pipeline((2 * i for i in range(100)), waiting=3)
    assert list(pipeline((i + 1 for i in doubled), waiting=1)) == list(range(1, 201, 2))


def test_an_error_comes_at_its_place(pipeline: Pipeline) -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise LookupError("here")

    stage = pipeline((i for i in pipeline(items(), waiting=10)), waiting=10)
    assert [next(stage) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError, match="here"):
        next(stage)


def test_jobs_give_results_and_errors(pipeline: Pipeline) -> None:
    good, bad = pipeline.submit(lambda: 6 * 7), pipeline.submit(lambda: 1 // 0)
    assert good.result() == 42
    with pytest.raises(ZeroDivisionError):
        bad.result()


def test_no_more_is_made_ahead_than_was_allowed() -> None:
    made = 0

    def items() -> Iterator[int]:
        nonlocal made
        while True:
            made += 1
            yield made

    with Threads() as threads:
        stage = threads(items(), waiting=4)
        for taken in range(1, 50):
            assert next(stage) == taken
            time.sleep(0.001)
            assert made <= taken + 5  # four wait, one is in hand
        assert made > 49


@pytest.mark.parametrize("stuck", [False, True])
def test_closing_ends_all_stages_within_a_second(stuck: bool) -> None:
    closed = threading.Event()
    freed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.set()

    threads = Threads(2)
    stage = threads((i for i in threads(endless(), waiting=2)), waiting=2)
    jobs = [threads.submit(freed.wait) for _ in range(5)] if stuck else []
    assert next(stage) == 0
    begun = time.monotonic()
    threads.close()
    assert time.monotonic() - begun < 1
    assert closed.wait(1)
    freed.set()  # what cannot be interrupted ends by itself; who waits for what was never begun is told
    for job in jobs:
        assert job.exception(1) is not None or job.result()


def test_each_thread_has_its_own_number_of_torch_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with Threads(2, 2) as threads:
            stage = threads((torch.get_num_threads() for _ in range(1)), waiting=1)
            assert next(stage) == 1
            assert threads.submit(torch.get_num_threads).result() == 2
            assert torch.get_num_threads() == 3
        fresh: list[int] = []
        thread = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert fresh == [3]
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "pan.mp4"
    encode(pan((3, 1), 23, size=(96, 144)), path, rate=15, options={"crf": "18"})
    return path


@pytest.mark.parametrize("scheme", ["every", "copy", "propagate", "interpolate"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("interval", [4, "auto"])
def test_overlap_changes_no_bit(clip: Path, scheme: Any, batch: int, interval: Any) -> None:
    if interval == "auto" and scheme == "copy":
        pytest.skip("adaptive keyframes follow motion")
    segmenter = Segmenter("camvid", scheme=scheme, interval=interval, batch=batch, device="cpu")
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the workers: a convolution's rounding depends on it
    try:
        found = []
        for pipeline in (Inline(), Threads(2, 1)):
            with segmenter.open(clip, pipeline=pipeline) as video:
                bounds = Bounds(batch, 9, keeps_pixels=False)
                found.append(list(segmenter.segment(video, pipeline=pipeline, bounds=bounds)))
    finally:
        torch.set_num_threads(before)
    assert [len(results) for results in found] == [23, 23]
    for one, other in zip(*found, strict=True):
        assert (one.frame.index, one.distance) == (other.frame.index, other.distance)
        assert torch.equal(one.scores, other.scores)
        assert np.array_equal(one.labels(), other.labels())
        assert (one.confidence is None) == (other.confidence is None)
        assert one.confidence is None or other.confidence is None or torch.equal(one.confidence, other.confidence)


def test_pictures_that_nobody_wants_are_let_go_of(clip: Path) -> None:
    segmenter = Segmenter(Tiny(5), interval=4, device="cpu")
    with segmenter.open(clip) as video:
        for result in segmenter.segment(video, bounds=Bounds(keeps_pixels=False)):
            if result.is_key:
                assert result.frame.pixels.shape == (96, 144, 3)
            else:
                with pytest.raises(ValueError, match="not kept"):
                    result.frame.pixels  # noqa: B018


# Ends


class Sleepy(Tiny):
    """Answers at once a few times, then takes its time or breaks."""

    def __init__(self, good: int, then: Callable[[], None]) -> None:
        super().__init__(5)
        self.good, self.then = good, then

    def forward(self, rgb: Tensor) -> Tensor:
        self.good -= 1
        if self.good < 0:
            self.then()
        return super().forward(rgb)


class Clock:
    """Remembers when it went wrong."""

    def __init__(self) -> None:
        self.at = 0.0

    def fail(self, error: BaseException) -> None:
        self.at = time.monotonic()
        raise error


def masks_in(folder: Path) -> int:
    with open_pictures(folder / "pan" / "masks.mkv") as masks:
        return sum(1 for _ in masks)


def written(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "pan" / "run.json").read_text())
    assert not list((folder / "pan").glob("*part*"))
    return facts


def test_an_error_of_the_network_ends_all_and_keeps_what_was_done(clip: Path, tmp_path: Path) -> None:
    clock = Clock()
    model = Sleepy(3, lambda: clock.fail(RuntimeError("broken")))
    with pytest.raises(RuntimeError, match="broken"):
        process(Segmenter(model, interval=4, device="cpu"), clip, tmp_path, save="masks")
    assert time.monotonic() - clock.at < 1
    facts = written(tmp_path)
    assert (facts["complete"], facts["error"], facts["frames"]) == (False, "RuntimeError: broken", 8)
    assert masks_in(tmp_path) == 8  # all that two keyframes on either side of them say


def test_an_error_of_an_output_ends_all(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, write = Clock(), MaskSink.write

    def failing(self: MaskSink, result: FrameResult) -> None:
        if result.frame.index == 6:
            clock.fail(OutputError("masks.mkv: no space left"))
        write(self, result)

    monkeypatch.setattr(MaskSink, "write", failing)
    with pytest.raises(OutputError, match="no space left"):
        process(Segmenter(Tiny(5), interval=4, device="cpu"), clip, tmp_path, save="masks")
    assert time.monotonic() - clock.at < 1
    assert written(tmp_path)["complete"] is False


@pytest.mark.parametrize("scheme", ["propagate", "interpolate"])
def test_an_interrupt_does_not_wait_for_a_network(clip: Path, tmp_path: Path, scheme: Any) -> None:
    clock, model = Clock(), Sleepy(3, lambda: time.sleep(2))

    def progress(report: Report, info: VideoInfo) -> None:
        if report.frames == 7:
            clock.fail(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        process(
            Segmenter(model, scheme=scheme, interval=4, device="cpu"), clip, tmp_path, save="masks", progress=progress
        )
    assert time.monotonic() - clock.at < 1
    assert (written(tmp_path)["frames"], masks_in(tmp_path)) == (7, 7)


def test_who_stops_taking_stops_all(clip: Path) -> None:
    stream = Segmenter(Tiny(5), interval=4, device="cpu").stream(clip)
    assert next(stream).frame.index == 0
    assert running()
    stream.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize("live", [False, True])
def test_files_are_read_ahead_and_pipes_on_disk_are_not(
    live: bool, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "live.mp4"
    os.mkfifo(pipe)
    opened: list[Pipeline | None] = []

    def open_nothing(self: Segmenter, source: Any, *, pipeline: Pipeline | None = None, **options: Any) -> None:
        opened.append(pipeline)
        raise VideoError("enough seen")

    monkeypatch.setattr(Segmenter, "open", open_nothing)
    with pytest.raises(VideoError, match="enough seen"):
        next(Segmenter(Tiny(5), device="cpu").stream(pipe if live else clip))
    assert [type(pipeline) for pipeline in opened] == [Inline if live else Threads]


# Room


def info(height: int, width: int) -> VideoInfo:
    return VideoInfo("clip", (height, width))


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("keeps_pixels", [False, True])
@pytest.mark.parametrize("size", [(360, 480), (2160, 3840)])
@pytest.mark.parametrize("longest", [1, 10, 30])
@pytest.mark.parametrize("batch", [1, 8])
def test_what_waits_fits_into_memory(
    waits: bool, keeps_pixels: bool, size: tuple[int, int], longest: int, batch: int
) -> None:
    memory = 1e9
    bounds, given_up = bounds_for(
        info(*size), longest=longest, workers=2, batch=batch, keeps_pixels=keeps_pixels, memory=memory, waits=waits
    )
    each = 1.5e6 + 3 * size[0] * size[1] * keeps_pixels
    held = longest * (bounds.batch - 1) + bounds.frames + longest * waits
    assert 1 <= bounds.batch <= batch
    assert held * each <= memory
    assert (bounds.batch < batch) == (given_up is not None)


def test_a_window_that_does_not_fit_is_reported() -> None:
    bounds, given_up = bounds_for(
        info(2160, 3840), longest=30, workers=1, batch=1, keeps_pixels=True, memory=1e8, waits=True
    )
    assert bounds.frames == 1
    assert given_up is not None
    assert "0.8 GB" in given_up
