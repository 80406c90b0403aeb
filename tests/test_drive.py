"""On a real, labelled drive: what the embedded network reaches, and that motion beats copying at every distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from assets import data_path
from warpseg import Frame, MotionField, Network, Segmenter, load, open_video, schemes
from warpseg.evaluate.metrics import confusion, mean_iou
from warpseg.evaluate.protocol import by_offset
from warpseg.networks import ScoreSpace
from warpseg.schemes import Estimate
from warpseg.synthetic import encode

VOID = 11  # in CamVid's label images


@pytest.fixture(scope="module")
def network() -> Network:
    return load("camvid", device="cpu")


@pytest.fixture(scope="module")
def truth() -> dict[int, NDArray[np.uint8]]:
    labels = {}
    for i, path in enumerate(sorted(data_path("camvid/valannot").glob("*.png"))):
        with Image.open(path) as image:
            label = np.array(image)
        labels[i] = np.where(label >= VOID, 255, label).astype(np.uint8)
    return labels


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encode the drive as in the paper: one reference frame, no B-frames."""
    path = tmp_path_factory.mktemp("drive") / "drive.mp4"
    pictures = []
    for file in sorted(data_path("camvid/val").glob("*.png")):
        with Image.open(file) as image:
            pictures.append(np.asarray(image.convert("RGB")))
    encode(pictures, path, rate=15, options={"crf": "18", "bf": "0", "refs": "1"})
    return path


def test_the_embedded_network_reaches_65(network: Network, drive: Path, truth: dict[int, NDArray[np.uint8]]) -> None:
    assert network.classes is not None
    total = np.zeros((len(network.classes), len(network.classes)), np.int64)
    for result in Segmenter(network, scheme="every").stream(drive):
        total += confusion(truth[result.frame.index], result.labels(), len(network.classes))
    assert 100 * mean_iou(total) >= 65


class Remembering:
    """Each frame's scores, computed once."""

    def __init__(self, network: Network) -> None:
        self._network = ScoreSpace(network)
        self._scores: dict[int, torch.Tensor] = {}
        self.task = self._network.task

    def features(self, frame: Frame) -> torch.Tensor:
        if frame.index not in self._scores:
            self._scores[frame.index] = self._network.features(frame)
        return self._scores[frame.index]


def test_motion_beats_copying_at_every_distance(
    network: Network, drive: Path, truth: dict[int, NDArray[np.uint8]]
) -> None:
    assert network.classes is not None
    with open_video(drive) as video:
        frames = list(video)
    targets = {i: label for i, label in truth.items() if i % 3 == 0}  # enough, and the test stays quick
    n, runs = 5, Remembering(network)
    by_scheme = {}
    ways: dict[str, Callable[..., Iterator[Estimate]]] = {
        "copy nearest": schemes.copy_nearest,
        "copy previous": lambda frames, *rest: schemes.propagate(map(unmoved, frames), *rest),
        "propagate": schemes.propagate,
        "interpolate": schemes.interpolate,
    }
    for name, way in ways.items():
        matrices = by_offset(frames, targets, lambda f, way=way: way(f, runs, n), n, network.classes)  # type: ignore[misc]
        by_scheme[name] = [100 * mean_iou(matrix) for matrix in matrices]
    assert len({scores[0] for scores in by_scheme.values()}) == 1  # the keyframe itself
    for p in range(1, n):
        assert by_scheme["propagate"][p] > by_scheme["copy previous"][p] + 1.5
        assert by_scheme["propagate"][p] > by_scheme["copy nearest"][p] + 1.5
        assert by_scheme["interpolate"][p] > by_scheme["copy nearest"][p] + 1.5
    assert min(by_scheme["interpolate"]) > 0.97 * by_scheme["interpolate"][0]


def unmoved(frame: Frame) -> Frame:
    """Return the frame as if nothing had moved since the one before."""
    return replace(frame, motion=MotionField.zero())
