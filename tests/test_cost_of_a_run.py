"""What a run costs, by counts and by ratios within one process, which do not depend on how fast the machine is."""

from __future__ import annotations

import gc
import math
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tests.support.tiny_models import Tiny
from warpseg import Segmenter, process
from warpseg.core.schemes import SplitNetwork
from warpseg.labels import labels
from warpseg.measure.speed.clip import street_clip
from warpseg.motion.luma import Plane
from warpseg.motion.tracker import Tracker
from warpseg.networks import load
from warpseg.synthetic import Street
from warpseg.types import Frame, MotionField
from warpseg.video.colour import Converter

SCHEMES = ("every", "copy", "propagate", "interpolate")
FRAMES = 11


class Counting(nn.Module):
    """Counts the pictures that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.pictures = Tiny(5), 0

    def forward(self, rgb: Tensor) -> Tensor:
        self.pictures += len(rgb)
        return self.net(rgb)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return street_clip((64, 96), FRAMES, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count conversions to RGB by picture, and motion searches."""
    found: Counter[str] = Counter()

    def counted(owner: Any, name: str, key: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            found[key(*arguments)] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    counted(Converter, "rgb", lambda converter, frame, *rest: f"rgb of {frame.pts}")
    counted(Tracker, "__call__", lambda *rest: "motion")
    counted(Plane, "of", lambda *rest: "plane")
    return found


def converted(calls: Counter[str]) -> list[int]:
    """Return how often each picture was converted."""
    return [count for name, count in calls.items() if name.startswith("rgb")]


@pytest.mark.parametrize("n", [1, 3, 5, 20])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_network_runs_on_keyframes_only(scheme: Any, n: int, clip: Path, tmp_path: Path) -> None:
    model = Counting()
    report = process(Segmenter(model, scheme=scheme, interval=n, device="cpu"), clip, tmp_path, save=["masks"])
    assert model.pictures == report.keyframes == (FRAMES if scheme == "every" else math.ceil(FRAMES / n))
    assert report.frames == FRAMES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_that_nobody_looks_at_are_not_converted(
    scheme: Any, clip: Path, tmp_path: Path, calls: Counter[str]
) -> None:
    report = process(
        Segmenter(Counting(), scheme=scheme, interval=4, device="cpu"), clip, tmp_path, save=["masks", "stats"]
    )
    assert converted(calls) == [1] * report.keyframes


@pytest.mark.parametrize("scheme", SCHEMES)
def test_network_and_overlay_share_one_conversion(scheme: Any, clip: Path, tmp_path: Path, calls: Counter[str]) -> None:
    process(Segmenter(Counting(), scheme=scheme, interval=4, device="cpu"), clip, tmp_path, save=["masks", "overlay"])
    assert converted(calls) == [1] * FRAMES


@pytest.mark.parametrize(
    ("options", "searches"),
    [
        ({"scheme": "every"}, 0),
        ({"scheme": "interpolate", "motion": "none", "fusion": "average"}, 0),
        ({"scheme": "interpolate"}, FRAMES - 1),
    ],
)
def test_motion_is_looked_for_where_it_is_used(
    options: dict[str, Any], searches: int, clip: Path, tmp_path: Path, calls: Counter[str]
) -> None:
    process(Segmenter(Counting(), **options, interval=4, device="cpu"), clip, tmp_path, save=["masks"])
    assert calls["motion"] == searches
    assert bool(calls["plane"]) == bool(searches)


# Memory


class Source:
    """A long video in memory that remembers which of its pictures somebody still holds."""

    def __init__(self, count: int) -> None:
        self.count, self.alive, self.most = count, 0, 0

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        base = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
        for i in range(self.count):
            picture = np.roll(base, i, 1)
            self.alive += 1
            self.most = max(self.most, self.alive)
            weakref.finalize(picture, self._gone)
            yield picture
            del picture

    def _gone(self) -> None:
        self.alive -= 1


@pytest.mark.parametrize("scheme", ["every", "propagate", "interpolate"])
def test_pictures_held_at_once_do_not_grow_with_length(scheme: Any, tmp_path: Path) -> None:
    segmenter = Segmenter(Counting(), scheme=scheme, interval=4, device="cpu")
    gc.disable()  # nothing may hang on until it comes by
    try:
        most = []
        for count in (60, 240):
            source = Source(count)
            report = process(segmenter, source, tmp_path / str(count), save=["masks"])
            assert report.frames == count
            most.append(source.most)
    finally:
        gc.enable()
    assert max(most) < segmenter.delay + 40  # between the threads a few wait, more where one of them gets ahead


# Labels


def real_scores() -> Tensor:
    """Return the embedded network's scores (11, h, w) of a street."""
    picture = Street(seed=7, size=(512, 1024)).still(0)[0]
    frame = Frame(0, Fraction(0), (512, 1024), MotionField.zero(), load=lambda: picture)
    network: SplitNetwork = load("camvid", device="cpu", precision="fp32")
    return network.task(network.features(frame))


def test_labels_take_a_twentieth_of_interpolation_and_argmax() -> None:
    scores, size = real_scores(), (1024, 2048)

    def reference() -> Tensor:
        return F.interpolate(scores[None], size, mode="bilinear", align_corners=False)[0].argmax(0)

    def kernel() -> Tensor:
        return labels(scores, size)

    assert torch.equal(kernel().long(), reference())  # compiles it as well
    # Whatever else runs on this machine can only add to a time, so the least of each is what it takes.
    seconds: dict[Callable[[], Tensor], list[float]] = {reference: [], kernel: []}
    for _ in range(3):
        for run, repeats in ((reference, 1), (kernel, 10)):
            for _ in range(repeats):
                started = time.perf_counter()
                run()
                seconds[run].append(time.perf_counter() - started)
    assert min(seconds[reference]) > 20 * min(seconds[kernel])
