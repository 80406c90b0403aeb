"""Keyframes where they are needed against a fixed interval that uses at least as many, over whole clips.

Not a command: ``fusion.py --table adaptive`` measures it. The drive, streets at one slow and at one fast speed, and
streets whose speed changes every 20 frames; agreement with the network's own labels on average and on the worst
twentieth of the frames. Where a clip begins decides by luck which frames a fixed interval takes, and how many it
leaves after its last keyframe: each is run from several frames on; agreement is averaged over the runs, mIoU that of
all of them together. The adaptive policy's limit is found by bisection: it takes no more keyframes than the fixed
interval, on average. "open" leaves the end of a clip as it comes, without a keyframe there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusion_clips import FAST, SLOW, Labels, Runner, opened, street
from warpseg.core.adaptive import Adaptive, keyframes_per_second
from warpseg.core.keyframes import Policy, chosen
from warpseg.datasets.camvid import camvid
from warpseg.engine.segmentation import Segmentation
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.networks import load
from warpseg.types import Frame

Row = dict[str, Any]

INTERVALS = (4, 5, 7, 10, 14)
STARTS = range(0, 10, 2)
BURSTS = [SLOW / 4 if i // 20 % 2 == 0 else 1.5 * FAST for i in range(161)]
STREETS = {
    "street, slow": (31, [SLOW] * 81),
    "street, fast": (31, [FAST] * 81),
    "bursts 41": (41, BURSTS),
    "bursts 42": (42, BURSTS),
}


def adaptive(data: Path) -> Iterator[Row]:
    """Yield rows: adaptive policies, each time followed by a fixed interval with at least as many keyframes."""
    network = load("camvid")
    for name in ("drive", *STREETS):
        drive = camvid(data / "camvid")
        pictures, truth = (drive.pictures, drive.labels) if name == "drive" else street(*STREETS[name])
        runner = Runner(network, opened(pictures, "x264 defaults"))
        own = [Segmentation(each, runner.classes).labels() for each in runner.every(runner.frames)]
        for called, policy in _policies(runner.frames):
            row = {"clip": name, "policy": called, **_whole(runner, truth, own, policy)}
            if isinstance(policy, Adaptive) and policy.pace is None:
                row["limit"] = policy.limit
            print(
                f"{name:12} {called:16} {row['keyframes']:4.1f} keyframes, mIoU {row['mIoU']:.1f}, "
                f"agreement {row['agreement']:.2f} %, worst twentieth {row['agreement_worst_twentieth']:.2f} %",
                flush=True,
            )
            yield row


def _policies(frames: Sequence[Frame]) -> Iterator[tuple[str, int | Policy]]:
    """Yield what is compared: adaptive ones, and the fixed interval beside them."""
    for n in INTERVALS:
        most = _fixed(len(frames), n)
        yield f"auto for {n}", _limited(frames, most, closes=True)
        yield f"auto for {n}, open", _limited(frames, most, closes=False)
        yield f"every {n}", n
    paced = Adaptive(pace=keyframes_per_second(1.5))
    yield "1.5 a second", paced
    taken = _keyframes(frames, paced)
    most_apart = max((n for n in range(1, 31) if _fixed(len(frames), n) >= taken), default=1)
    yield f"every {most_apart}", most_apart


def _fixed(count: int, n: int) -> float:
    """Return how many keyframes a fixed interval takes, on average over the starts."""
    return float(np.mean([-(-(count - start) // n) for start in STARTS]))


def _keyframes(frames: Sequence[Frame], policy: Policy) -> float:
    """Return how many keyframes a policy takes, on average over the starts."""
    return float(np.mean([sum(is_key for _, is_key in chosen(frames[start:], policy)) for start in STARTS]))


def _limited(frames: Sequence[Frame], most: float, *, closes: bool) -> Adaptive:
    """Return a policy that takes at most so many keyframes, and with a lower limit would take more."""
    low, found = 0.05, Adaptive(20.0, closes=closes)
    for _ in range(11):  # to half a percent
        tried = Adaptive(round(math.sqrt(low * found.limit), 4), closes=closes)
        if _keyframes(frames, tried) <= most:
            found = tried
        else:
            low = tried.limit
    return found


def _whole(runner: Runner, truth: Labels, own: list[Any], n: int | Policy) -> Row:
    classes = len(runner.classes)
    matrix, averages, worst, keys = np.zeros((classes, classes), np.int64), [], [], []
    for start in STARTS:
        agreement, distances = [], []
        for estimate in runner.run("interpolate, confidence", n, runner.frames[start:]):
            label = truth[estimate.frame.index]
            predicted = Segmentation(estimate, runner.classes).labels(label.shape)
            matrix += confusion(label, predicted, classes)
            agreement.append(100 * float((predicted == own[estimate.frame.index]).mean()))
            distances.append(estimate.distance)
        averages.append(np.mean(agreement))
        worst.append(np.mean(sorted(agreement)[: max(len(agreement) // 20, 1)]))
        keys.append(distances.count(0))
    return {
        "keyframes": float(np.mean(keys)),
        "mIoU": 100 * mean_iou(matrix),
        "agreement": float(np.mean(averages)),
        "agreement_worst_twentieth": float(np.mean(worst)),
    }
