"""On a real, labelled drive: what the embedded network reaches, and that motion beats copying at every distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.assets import data_path
from warpseg import Frame, MotionField, Network, Segmenter, load, open_video
from warpseg.core import schemes
from warpseg.core.schemes import Estimate
from warpseg.datasets.camvid import Drive, camvid
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.networks import ScoreSpace
from warpseg.video.encode import encode


@pytest.fixture(scope="module")
def network() -> Network:
    return load("camvid", device="cpu")


@pytest.fixture(scope="module")
def drive() -> Drive:
    return camvid(data_path("camvid"))


@pytest.fixture(scope="module")
def video(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encode the drive as in the paper: one reference frame, no B-frames."""
    path = tmp_path_factory.mktemp("drive") / "drive.mp4"
    encode(drive.pictures, path, rate=drive.rate, options={"crf": "18", "bf": "0", "refs": "1"})
    return path


def test_the_embedded_network_reaches_65(network: Network, drive: Drive, video: Path) -> None:
    assert network.classes is not None
    total = np.zeros((len(network.classes), len(network.classes)), np.int64)
    for result in Segmenter(network, scheme="every").stream(video):
        total += confusion(drive.labels[result.frame.index], result.labels(), len(network.classes))
    assert 100 * mean_iou(total) >= 65


def test_motion_beats_copying_at_every_distance(network: Network, drive: Drive, video: Path) -> None:
    assert network.classes is not None
    with open_video(video) as source:
        frames = list(source)
    targets = {i: label for i, label in drive.labels.items() if i % 3 == 0}  # enough, and the test stays quick
    n, runs = 5, Remembering(ScoreSpace(network))
    by_scheme = {}
    ways: dict[str, Callable[..., Iterator[Estimate]]] = {
        "copy nearest": schemes.copy_nearest,
        "copy previous": lambda frames, *rest: schemes.propagate(map(unmoved, frames), *rest),
        "propagate": schemes.propagate,
        "interpolate": schemes.interpolate,
    }
    for name, way in ways.items():
        scores = by_offset(frames, targets, lambda f, way=way: way(f, runs, n), n, network.classes)  # type: ignore[misc]
        by_scheme[name] = list(100 * scores.by_distance)
    assert len({scores[0] for scores in by_scheme.values()}) == 1  # the keyframe itself
    for p in range(1, n):
        assert by_scheme["propagate"][p] > by_scheme["copy previous"][p] + 1.5
        assert by_scheme["propagate"][p] > by_scheme["copy nearest"][p] + 1.5
        assert by_scheme["interpolate"][p] > by_scheme["copy nearest"][p] + 1.5
    assert min(by_scheme["interpolate"]) > 0.97 * by_scheme["interpolate"][0]


def unmoved(frame: Frame) -> Frame:
    """Return the frame as if nothing had moved since the one before."""
    return replace(frame, motion=MotionField.zero())
