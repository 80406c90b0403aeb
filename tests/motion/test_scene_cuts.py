"""Where one scene ends and another begins."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.support.pans import SIZE, Picture, encode, pan, texture
from warpseg.engine.source import open_video
from warpseg.motion.scene_cuts import CutDetector


def cuts_of(pictures: list[Picture]) -> list[int]:
    with open_video(iter(pictures)) as video:
        assert [frame.index for frame in video if frame.cut] == video.cuts
        assert sum(video.motion.values()) == len(pictures)
        return video.cuts


def grained(pictures: list[Picture], strength: float, seed: int = 0) -> list[Picture]:
    rng = np.random.default_rng(seed)
    return [(p + strength * rng.standard_normal(p.shape)).clip(0, 255).astype(np.uint8) for p in pictures]


@pytest.mark.parametrize("at", [2, 7, 11])
def test_two_scenes_have_one_cut_where_they_meet(at: int) -> None:
    assert cuts_of(pan((2, 1), at, seed=1) + pan((-3, 1), 12 - at, seed=2)) == [at]


@pytest.mark.parametrize("cuts", [[1], [3, 4, 8]])
def test_without_history_a_cut_shows_in_the_grey_values(cuts: list[int]) -> None:
    """Of two pictures alone, noise and a cut look alike, unless the scenes are differently bright."""
    edges = [0, *cuts, 10]
    scenes = [pan((2, 1), b - a, seed=a) for a, b in itertools.pairwise(edges)]
    lit = [[(picture * (0.4 if i % 2 else 1)).astype(np.uint8) for picture in scene] for i, scene in enumerate(scenes)]
    assert cuts_of(list(itertools.chain(*lit))) == cuts


def test_three_scenes_have_two_cuts() -> None:
    assert cuts_of(pan((2, 1), 4, seed=1) + pan((-3, 1), 3, seed=2) + pan((0, 2), 4, seed=3)) == [4, 7]


@pytest.mark.parametrize("name", ["x264 defaults", "x264 bf=0", "mpeg4"])
def test_a_cut_in_coded_video_is_found_at_the_right_frame(name: str, tmp_path: Path) -> None:
    codec, options = {
        "x264 defaults": ("libx264", {}),
        "x264 bf=0": ("libx264", {"bf": "0"}),
        "mpeg4": ("mpeg4", {"g": "10"}),
    }[name]
    pictures = pan((2, 1), 9, seed=1) + pan((-3, 1), 9, seed=2)
    with open_video(encode(tmp_path / "cut.mp4", pictures, codec, **options)) as video:
        assert [frame.index for frame in video if frame.cut] == [9]


def solids(greys: list[int]) -> list[Picture]:
    return [np.full((*SIZE, 3), grey, np.uint8) for grey in greys]


def white_noise(size: tuple[int, int]) -> list[Picture]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(12)]


CALM: dict[str, list[Picture]] = {
    "flicker": solids([0, 255] * 6),
    "brighter and brighter": solids([20 * i for i in range(12)]),
    "solid greys": solids([200, 10, 90, 250, 60, 130, 0, 180, 40, 220, 110, 70]),
    "white noise": white_noise(SIZE),
    "small white noise": white_noise((32, 32)),
    "odd white noise": white_noise((17, 23)),
    "still": pan((0, 0), 8),
    "slow pan": pan((1, 0), 10),
    "fast pan": pan((12, -8), 10),
    "black": [np.zeros((*SIZE, 3), np.uint8)] * 6,
    "grainy pan": grained(pan((2, 1), 10), 12),
    "noise": grained([np.full((*SIZE, 3), 128, np.uint8)] * 10, 60),
    "fade to black": [(p * (1 - i / 12)).astype(np.uint8) for i, p in enumerate(pan((1, 1), 12))],
    "fade from black": [(p * (i / 12)).astype(np.uint8) for i, p in enumerate(pan((1, 1), 13))],
    "cross-fade": [
        (a * (1 - i / 15) + b * (i / 15)).astype(np.uint8)
        for i, (a, b) in enumerate(zip(pan((1, 0), 16, seed=1), pan((0, 1), 16, seed=2), strict=True))
    ],
}


@pytest.mark.parametrize("pictures", CALM.values(), ids=CALM.keys())
def test_no_cut_where_the_scene_goes_on(pictures: list[Picture]) -> None:
    assert cuts_of(pictures) == []


def test_after_a_change_of_size_a_new_scene_begins() -> None:
    pictures = pan((1, 0), 3) + pan((1, 0), 3, size=(96, 128))
    assert cuts_of(pictures) == [3]


def test_a_detector_forgets_the_scene_before_a_cut() -> None:
    is_cut = CutDetector()
    one, other = texture(SIZE, 1).astype(np.uint8), texture(SIZE, 2).astype(np.uint8)
    still = np.zeros((2, 20, 28), np.float32)
    assert [is_cut(now, before, still) for before, now in [(one, one), (one, one), (one, other), (other, other)]] == [
        False,
        False,
        True,
        False,
    ]
