"""Accuracy of every scheme on CamVid's labelled drive, at each distance from the keyframe.

    python benchmarks/drive.py [--interval 5 --interval 10] [--out benchmarks/results/drive.json]

The drive (101 frames, label on each) is encoded as H.264 twice: one reference and no B-frames, and x264's defaults.
The network sees the decoded frames. Retention is mIoU over that of frame by frame on the same target frames. CamVid's
``train`` holds stills of the same drive as ``val`` (about a second away at either end), so the numbers judge
propagation, not the network's generalisation.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from warpseg import schemes
from warpseg.evaluate.metrics import mean_iou
from warpseg.evaluate.protocol import by_offset
from warpseg.fusion import maximum
from warpseg.networks import Network, ScoreSpace, load
from warpseg.schemes import Estimate, SplitNetwork
from warpseg.source import open_video
from warpseg.synthetic import encode
from warpseg.types import Frame

CRF = "18"
ENCODINGS = {
    "bf=0 refs=1": {"bf": "0", "refs": "1", "crf": CRF, "sc_threshold": "0", "x264-params": "weightp=0"},
    "x264 defaults": {"crf": CRF},
}


class Remembering:
    """A network that computes the features of each frame once."""

    def __init__(self, network: SplitNetwork) -> None:
        self._network = network
        self._known: dict[int, Tensor] = {}
        self.task = network.task

    def features(self, frame: Frame) -> Tensor:
        if frame.index not in self._known:
            self._known[frame.index] = self._network.features(frame)
        return self._known[frame.index]


def drive(data: Path) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """Return the drive's frames (RGB) and labels (255: void)."""
    paths = sorted((data / "camvid" / "val").glob("*.png"))
    frames = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    labels = {}
    for i, path in enumerate(paths):
        label = np.array(Image.open(data / "camvid" / "valannot" / path.name))
        label[label >= 11] = 255
        labels[i] = label
    return frames, labels


def rows(network: Network) -> dict[str, tuple[SplitNetwork, Callable[..., Iterator[Estimate]]]]:
    """Return each scheme under its name, with the network it runs on."""
    scores = Remembering(ScoreSpace(network))
    features = Remembering(network)
    return {
        "copy": (scores, schemes.copy_nearest),
        "propagate, chained": (scores, partial(schemes.propagate, propagation=schemes.chained)),
        "propagate": (scores, schemes.propagate),
        "interpolate, chained, negated": (
            scores,
            partial(schemes.interpolate, propagation=schemes.chained, reverse=schemes.negated),
        ),
        "interpolate, negated": (scores, partial(schemes.interpolate, reverse=schemes.negated)),
        "interpolate": (scores, schemes.interpolate),
        "interpolate, maximum": (features, partial(schemes.interpolate, fuse=maximum)),
    }


def measure(network: Network, data: Path, intervals: Iterable[int]) -> list[dict[str, object]]:
    """Return one row for each encoding, interval and scheme."""
    if network.classes is None:
        raise SystemExit("the network must name CamVid's classes")
    pictures, labels = drive(data)
    table: list[dict[str, object]] = []
    for encoding, options in ENCODINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "drive.mp4"
            encode(pictures, path, rate=15, options=options)
            with open_video(path) as video:
                frames = list(video)
        for n in intervals:
            every = None
            for name, (runs, scheme) in rows(network).items():
                matrices = by_offset(frames, labels, lambda f, s=scheme, r=runs, n=n: s(f, r, n), n, network.classes)
                every = every or mean_iou(matrices[0])  # offset 0 is the keyframe itself, on the same targets
                distances = [mean_iou(matrix) for matrix in matrices[1:]]
                table.append(
                    {
                        "encoding": encoding, "interval": n, "scheme": name, "every_frame": every,
                        "by_distance": distances, "average": float(np.mean(distances)), "worst": min(distances),
                    }
                )  # fmt: skip
                print(
                    f"{encoding:14} n={n:2} {name:30} {100 * np.mean(distances):5.1f} / {100 * min(distances):5.1f}  "
                    f"retention {100 * np.mean(distances) / every:5.1f} / {100 * min(distances) / every:5.1f} %  "
                    f"(every frame {100 * every:.1f})",
                    flush=True,
                )
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--interval", type=int, action="append")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = measure(load("camvid"), arguments.data, arguments.interval or [5, 10])
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")
