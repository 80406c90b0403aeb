"""Clips: the labelled drive and true-speed synthetic streets, encoded and decoded again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._lib.context import Context
from warpseg.engine.source import open_video
from warpseg.synthetic import Street
from warpseg.types import Frame
from warpseg.video.encode import encode

__all__ = ["DEFAULTS", "ENCODINGS", "FAST", "RATE", "SLOW", "Labels", "Pictures", "Speed", "clips", "opened", "street"]

Pictures = Sequence[NDArray[np.uint8]]
Labels = dict[int, NDArray[np.uint8]]
Speed = float | tuple[float, ...]  # metres per second, or one speed from each frame to the next

DEFAULTS = "x264 defaults"
ENCODINGS = {
    "bf=0 refs=1": {"bf": "0", "refs": "1", "crf": "18", "sc_threshold": "0", "x264-params": "weightp=0"},
    DEFAULTS: {"crf": "18"},
}
RATE = 15  # frames per second of the drive and of streets
SLOW, FAST = 4.0, 12.0  # metres per second
SIZE = (360, 480)


def street(context: Context, seed: int, speed: Speed, frames: int) -> tuple[Pictures, Labels]:
    """Render a street with a label on every frame; a few small frames in a quick run."""
    scene = Street(seed=seed, size=context.pick(SIZE, (96, 128)), speed=speed, rate=RATE)
    shown = [scene.still(i) for i in range(context.pick(frames, 10))]
    return [pixels for pixels, _ in shown], {i: label for i, (_, label) in enumerate(shown)}


def clips(context: Context) -> Iterator[tuple[str, str, Pictures, Labels]]:
    """Yield name, encoding, pictures and labels of the drive in both encodings and of two streets."""
    drive = context.drive()
    for encoding in context.pick([*ENCODINGS], [DEFAULTS]):
        yield "drive", encoding, drive.pictures, drive.labels
    for name, speed in context.pick([("street, slow", SLOW), ("street, fast", FAST)], [("street, fast", FAST)]):
        yield name, DEFAULTS, *street(context, 31, speed, 81)


def opened(pictures: Pictures, encoding: str = DEFAULTS) -> list[Frame]:
    """Encode pictures and return the decoded frames, with motion."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        encode(pictures, path, rate=RATE, options=ENCODINGS[encoding])
        with open_video(path) as video:
            frames = list(video)
        for frame in frames:
            _ = frame.pixels  # while the file is there
        return frames
