"""Laps end to end: what they count, and that runs take turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tiny_models import Tiny
from warpseg import Segmenter
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.end_to_end import Lap, in_turns, joined, to_files, to_labels
from warpseg.video import open_pictures


def test_runs_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[tuple[str, int]] = []

    def run(name: str, number: int) -> int:
        calls.append((name, number))
        return number

    assert in_turns({"a": lambda k: run("a", k), "b": lambda k: run("b", k)}, 2) == {"a": [1, 2], "b": [1, 2]}
    assert calls == [(name, number) for number in range(3) for name in "ab"]


def test_laps_add_up() -> None:
    laps = [Lap(10, 2, 4.0, 1.0, 8.0, {"decode": 1.0}), Lap(5, 1, 2.0, 0.5, 3.0, {"decode": 0.5, "network": 1.0})]
    assert joined(laps) == Lap(15, 3, 6.0, 1.0, 11.0, {"decode": 1.5, "network": 1.0})


@pytest.mark.parametrize("limit", [None, 5])
def test_a_lap_to_labels_does_what_a_lap_to_files_does_but_writing(limit: int | None, tmp_path: Path) -> None:
    clip = street_clip((64, 96), 9, tmp_path)
    segmenter = Segmenter(Tiny(5), interval=4, device="cpu")
    files, labels = to_files(segmenter, clip, ["masks"], limit), to_labels(segmenter, clip, limit)
    assert (files.frames, files.keyframes) == (labels.frames, labels.keyframes) == ((9, 3) if limit is None else (5, 2))
    assert set(files.stages) == set(labels.stages) | {"write"}
    for lap in (files, labels):
        assert 0 < lap.first <= lap.seconds
        assert lap.cpu_seconds > 0


def test_pictures_in_memory_are_timed_as_well(tmp_path: Path) -> None:
    with open_pictures(street_clip((64, 96), 9, tmp_path)) as pictures:
        held = [picture.load() for picture in pictures]
    lap = to_labels(Segmenter(Tiny(5), interval=4, device="cpu"), iter(held))
    assert (lap.frames, lap.keyframes) == (9, 3)
