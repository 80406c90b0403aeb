"""The contract of every sink."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.support.sinks import (
    CLASSES,
    MANY,
    Labels,
    file_size_limit,
    frame_of,
    info_of,
    labels_of,
    names,
    put,
    write_all,
)
from warpseg.errors import OutputError
from warpseg.sinks.base import Sink
from warpseg.sinks.confidence import ConfidenceSink
from warpseg.sinks.images import ImageSink
from warpseg.sinks.masks import MaskSink
from warpseg.sinks.overlay import OverlaySink
from warpseg.sinks.statistics import StatisticsSink
from warpseg.types import Classes, VideoInfo

Make = Callable[[Path, VideoInfo, Classes], Sink]

MAKERS: dict[str, tuple[Make, set[str]]] = {
    "overlay": (lambda folder, info, classes: OverlaySink(folder / "overlay.mp4", info, classes), {"overlay.mp4"}),
    "masks": (lambda folder, info, classes: MaskSink(folder / "masks.mkv", info, classes), {"masks.mkv"}),
    "confidence": (
        lambda folder, info, classes: ConfidenceSink(folder / "confidence.mkv", info, classes),
        {"confidence.mkv"},
    ),
    "images": (lambda folder, info, classes: ImageSink(folder / "images", info, classes), {"images"}),
    "statistics": (
        lambda folder, info, classes: StatisticsSink(folder / "frames.csv", info, classes),
        {"frames.csv", "classes.json"},
    ),
}
every_sink = pytest.mark.parametrize(("make", "outputs"), MAKERS.values(), ids=MAKERS.keys())


@every_sink
@pytest.mark.parametrize("size", [(48, 64), (35, 47)], ids=["even", "odd"])
def test_close_gives_the_final_names(make: Make, outputs: set[str], size: tuple[int, int], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(size), CLASSES)
    for index in range(3):
        put(sink, frame_of(index, size), labels_of(size), is_key=index == 0, distance=index)
    assert not names(tmp_path) & outputs
    sink.close()
    assert names(tmp_path) == outputs
    assert sink.warnings == []
    sink.discard()
    assert names(tmp_path) == outputs


@every_sink
def test_what_exists_is_replaced(make: Make, outputs: set[str], tmp_path: Path) -> None:
    for _ in range(2):
        write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0), Fraction(1)])
    assert names(tmp_path) == outputs


@every_sink
@pytest.mark.parametrize("count", [0, 1, 3])
def test_discard_leaves_nothing(make: Make, outputs: set[str], count: int, tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    for index in range(count):
        put(sink, frame_of(index), labels_of(), is_key=False, distance=0)
    sink.discard()
    sink.discard()
    assert names(tmp_path) == set()


@every_sink
def test_an_exception_inside_leaves_nothing(make: Make, outputs: set[str], tmp_path: Path) -> None:
    def interrupted() -> None:
        with make(tmp_path, info_of(), CLASSES) as sink:
            put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert names(tmp_path) == set()


@every_sink
def test_a_change_of_size_is_survived(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with make(tmp_path, info_of(), CLASSES) as sink:
        for index, size in enumerate([(48, 64), (48, 64), (24, 40), (24, 40), (96, 64)]):
            put(sink, frame_of(index, size), labels_of(size), is_key=False, distance=0)
    assert names(tmp_path) == outputs
    assert len(sink.warnings) == (1 if outputs & {"overlay.mp4", "masks.mkv", "confidence.mkv"} else 0)


@every_sink
def test_more_than_255_classes(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with make(tmp_path, info_of(), MANY) as sink:
        put(sink, frame_of(0), labels_of(dtype=np.uint16), is_key=True, distance=0)
    assert names(tmp_path) == outputs


@every_sink
def test_labels_that_do_not_fit_are_refused(make: Make, outputs: set[str], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    for labels in (labels_of((24, 64)), cast(Labels, labels_of().astype(np.int64))):
        with pytest.raises(ValueError, match="labels of frame 0"):
            put(sink, frame_of(0), labels, is_key=True, distance=0)
    sink.discard()


@every_sink
def test_nothing_is_written_after_close(make: Make, outputs: set[str], tmp_path: Path) -> None:
    sink = make(tmp_path, info_of(), CLASSES)
    put(sink, frame_of(0), labels_of(), is_key=True, distance=0)
    sink.close()
    with pytest.raises(ValueError, match="closed"):
        put(sink, frame_of(1), labels_of(), is_key=True, distance=0)


@every_sink
def test_a_missing_folder_is_an_output_error(make: Make, outputs: set[str], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*absent.*: the folder does not exist"):
        make(tmp_path / "absent", info_of(), CLASSES)


@every_sink
def test_what_an_ended_process_left_is_removed(make: Make, outputs: set[str], tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for path in map(Path, outputs):
        left = tmp_path / f".{path.stem}.{ended.pid}.part{path.suffix}"
        if path.suffix:
            left.write_bytes(b"half")
        else:
            left.mkdir()
            (left / "frame_000000.png").write_bytes(b"half")
    write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0)])
    assert names(tmp_path) == outputs


@every_sink
def test_a_full_disk_is_an_output_error(make: Make, outputs: set[str], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    write_all(make(tmp_path, info_of(), CLASSES), [Fraction(0)])  # compiles, and caches that, outside of the limit
    for path in tmp_path.glob("**/*.*"):
        path.unlink()

    def fill() -> None:
        with make(tmp_path, info_of(), CLASSES) as sink:
            for index in range(200):
                put(sink, frame_of(index, pixels=noise), labels_of(seed=index), is_key=False, distance=0)

    limit = file_size_limit(100 if outputs == {"images"} else 4096)
    with limit, pytest.raises(OutputError, match=r"cannot write .*: the file system takes no file of this size"):
        fill()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
