"""The clips that fusion is measured on, and the schemes.

Not a command: the benchmarks fusion.py, fusion_adaptive.py and fusion_constants.py import it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from warpseg.core.confidence import by_evidence

from second_network import WEIGHTS, second_network
from warpseg.core import schemes
from warpseg.core.fusion import maximum
from warpseg.core.keyframes import Policy
from warpseg.core.schemes import Estimate
from warpseg.datasets.camvid import camvid
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.networks import Network, ScoreSpace, load
from warpseg.synthetic import Street
from warpseg.types import Frame
from warpseg.video.encode import encode

Pictures = Sequence[NDArray[np.uint8]]
Labels = dict[int, NDArray[np.uint8]]
Run = Callable[..., Iterator[Estimate]]

ENCODINGS = {
    "bf=0 refs=1": {"bf": "0", "refs": "1", "crf": "18", "sc_threshold": "0", "x264-params": "weightp=0"},
    "x264 defaults": {"crf": "18"},
}
SCHEMES: dict[str, Run] = {
    "copy": schemes.copy_nearest,
    "propagate": schemes.propagate,
    "interpolate, average": schemes.interpolate,
    "interpolate, maximum": partial(schemes.interpolate, fuse=maximum),
    "interpolate, confidence": partial(schemes.interpolate, judge=by_evidence),
}
SLOW, FAST = 4.0, 12.0  # metres a second at 15 Hz


class Runner:
    """A network on one decoded clip, each frame's map computed once: scores where the scheme allows, else features."""

    def __init__(self, network: Network, frames: Sequence[Frame]) -> None:
        assert network.classes is not None
        self.frames, self.classes = frames, network.classes
        self._features = Remembering(network)
        self._maps = Remembering(ScoreSpace(network)) if network.linear_head else self._features

    def run(self, scheme: str, n: int | Policy, frames: Sequence[Frame]) -> Iterator[Estimate]:
        """Run a scheme of ``SCHEMES``; the maximum, which is not linear, is taken of features."""
        yield from SCHEMES[scheme](frames, self._features if "maximum" in scheme else self._maps, n)

    def every(self, frames: Sequence[Frame]) -> Iterator[Estimate]:
        """Run the network on each frame."""
        return schemes.every_frame(frames, self._maps)


def networks() -> Iterator[tuple[str, Network]]:
    """Yield the embedded network, and the second one once ``second_network.py`` has made its weights."""
    yield "camvid", load("camvid")
    if WEIGHTS.exists():
        yield "second", second_network()


def street(seed: int, speeds: Sequence[float]) -> tuple[Pictures, Labels]:
    """Render a drive whose speed, in metres a second, is given for each frame."""
    pictures, truth = [], {}
    positions = np.cumsum([0, *speeds[1:]])
    for i, position in enumerate(positions):
        pixels, label = Street(seed=seed, size=(360, 480), speed=1.0, rate=15).still(round(position))
        pictures.append(pixels)
        truth[i] = label
    return pictures, truth


def clips(data: Path, network: str) -> Iterator[tuple[str, str, Pictures, Labels]]:
    """Yield name, encoding, pictures and labels; the second network sees the drive only."""
    drive = camvid(data / "camvid")
    for encoding in ENCODINGS if network == "camvid" else ["x264 defaults"]:
        yield "drive", encoding, drive.pictures, drive.labels
    if network == "camvid":
        for name, speed in (("street, slow", SLOW), ("street, fast", FAST)):
            yield name, "x264 defaults", *street(31, [speed] * 81)


def opened(pictures: Pictures, encoding: str) -> list[Frame]:
    """Encode pictures and return the frames that are decoded, with motion."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        encode(pictures, path, rate=15, options=ENCODINGS[encoding])
        with open_video(path) as video:
            frames = list(video)
        for frame in frames:
            _ = frame.pixels  # while the file is there
        return frames
