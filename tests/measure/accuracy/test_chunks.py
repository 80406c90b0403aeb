"""Clips of any length are scored in stretches: the same numbers, in bounded memory, each frame computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.fake_clips import MARGIN, SIZE, Alive, labels_of, network
from warpseg.datasets.clip import Clip, Dataset
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmenter import Segmenter
from warpseg.measure.accuracy.cache import Result, ResultCache
from warpseg.measure.accuracy.chunks import Reader, chunks
from warpseg.measure.accuracy.score import score_clip
from warpseg.types import Frame, MotionField

SETTINGS = (EVERY, Method("copy", 3), Method("propagate", 5), Method("interpolate", 4))


def scored(folder: Path, clip: Clip, *, span: int = 120) -> dict[Method, Result]:
    used, store = network(), ResultCache(folder, {})
    segmenters = {setting: Segmenter(used, method=setting) for setting in SETTINGS}
    return score_clip(clip, Dataset("fake", [clip]), used, segmenters, store, margin=MARGIN, span=span)


@pytest.mark.parametrize("numbers", [range(40), (7, 9, 20, 33), ()], ids=["dense", "sparse", "agreement"])
def test_stretches_change_no_number(tmp_path: Path, numbers: Sequence[int]) -> None:
    labels = labels_of(tmp_path / "labels", numbers)
    whole = scored(tmp_path / "whole", Alive().clip(40, labels))
    parts = scored(tmp_path / "parts", Alive().clip(40, labels), span=5)
    for setting in SETTINGS:
        assert parts[setting].scores.frames == whole[setting].scores.frames
        np.testing.assert_array_equal(parts[setting].scores.matrices, whole[setting].scores.matrices)
    targets = [i for i in (numbers or range(40)) if MARGIN <= i < 40 - MARGIN]
    assert whole[EVERY].scores.frames == tuple(targets)
    # Frames that no target needs are not compared either; of the others, each is once.
    needed = {i for target in targets for i in range(target - MARGIN + 1, target + MARGIN + 1)}
    assert len(parts[EVERY].consistency) == len(needed)


def test_memory_does_not_grow_with_the_clip_and_the_network_runs_once_a_frame(tmp_path: Path) -> None:
    most = []
    for count in (80, 200):
        alive = Alive()
        labels = labels_of(tmp_path / f"labels{count}", range(count))
        scored(tmp_path / str(count), alive.clip(count, labels), span=20)
        most.append(alive.most)
        assert alive.loaded == count
    assert most[0] == most[1] <= 20 + 2 * MARGIN + 8  # a scheme holds a window more while the next stretch begins


def test_frames_that_no_target_needs_are_not_kept_nor_computed(tmp_path: Path) -> None:
    alive = Alive()
    scored(tmp_path / "out", alive.clip(300, labels_of(tmp_path / "labels", (50, 150, 250))))
    assert alive.loaded == 3 * (2 * MARGIN + 1)
    assert alive.most <= 2 * (2 * MARGIN + 1) + 3


def test_an_interrupted_clip_goes_on_at_its_stretch(tmp_path: Path) -> None:
    labels = labels_of(tmp_path / "labels", range(60))
    expected = scored(tmp_path / "whole", Alive().clip(60, labels), span=10)
    alive, lines = Alive(), list[str]()
    clip, used, store = alive.clip(60, labels), network(), ResultCache(tmp_path / "out", {})
    segmenters = {setting: Segmenter(used, method=setting) for setting in SETTINGS}

    def stop(line: str) -> None:
        lines.append(line)
        if len(lines) == 7:  # the third setting of the second stretch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_clip(clip, Dataset("fake", [clip]), used, segmenters, store, margin=MARGIN, span=10, progress=stop)
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 7
    lines.clear()
    found = score_clip(
        clip, Dataset("fake", [clip]), used, segmenters, store, margin=MARGIN, span=10, progress=lines.append
    )
    assert lines[0].endswith("frames 14 to 23: 4 of 4, interpolate n=4")
    assert len(list((tmp_path / "out").rglob("*.npz"))) == len(SETTINGS), "stretches are dropped once the clip is whole"
    for setting in SETTINGS:
        np.testing.assert_array_equal(found[setting].scores.matrices, expected[setting].scores.matrices)
        np.testing.assert_array_equal(found[setting].consistency, expected[setting].consistency)
        kept = store.load(clip, setting)
        assert kept is not None
        np.testing.assert_array_equal(kept.scores.matrices, expected[setting].scores.matrices)


@pytest.mark.parametrize(("margin", "span"), [(0, 1), (2, 5), (9, 30)])
def test_each_target_is_in_one_stretch_with_its_margin(margin: int, span: int) -> None:
    targets = sorted(np.random.default_rng(span).choice(500, 80, replace=False).tolist())
    found = chunks(targets, margin, span)
    assert [target for stretch in found for target in stretch.targets] == targets
    for stretch in found:
        assert (stretch.first, stretch.last) == (stretch.targets[0] - margin, stretch.targets[-1] + margin)
        assert stretch.targets[-1] - stretch.targets[0] < span
        assert stretch.count <= span + 2 * margin
    new = [i for stretch in found for i in range(stretch.new, stretch.last + 1)]
    assert new == sorted({i for target in targets for i in range(target - margin, target + margin + 1)})


def test_a_reader_begins_once_unless_it_may_seek() -> None:
    starts: list[int] = []

    def start(first: int) -> Iterator[Frame]:
        starts.append(first)
        return (Frame(i, Fraction(i), SIZE, MotionField.zero()) for i in range(1000))

    reader = Reader(start)
    for first in (5, 8, 700):
        assert [frame.index for frame in reader.read(first, 4)] == [*range(first, first + 4)]
    assert starts == [5]
