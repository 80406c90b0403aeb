"""Keyframes where they are needed against the fixed interval that uses at least as many, over whole clips.

Not a command: ``fusion.py --table adaptive`` measures it. The drive, streets at one slow and at one fast speed, and
streets whose speed changes every 20 frames; agreement with the network's own labels on average and on the worst
twentieth of the frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fusion_clips import FAST, SLOW, Labels, Runner, opened, street
from warpseg.adaptive import Adaptive, keyframes_per_second
from warpseg.evaluate.datasets import camvid
from warpseg.evaluate.metrics import confusion, mean_iou
from warpseg.networks import load
from warpseg.schedule import Policy
from warpseg.segmentation import Segmentation

Row = dict[str, Any]

LIMITS = (0.5, 1.0, 1.5, 3.0)
BURSTS = [SLOW / 4 if i // 20 % 2 == 0 else 1.5 * FAST for i in range(161)]
STREETS = {
    "street, slow": (31, [SLOW] * 81),
    "street, fast": (31, [FAST] * 81),
    "bursts 41": (41, BURSTS),
    "bursts 42": (42, BURSTS),
}


def adaptive(data: Path) -> Iterator[Row]:
    """Yield pairs of rows: an adaptive policy, and the fixed interval with at least as many keyframes."""
    network = load("camvid")
    for name in ("drive", *STREETS):
        drive = camvid(data / "camvid")
        pictures, truth = (drive.pictures, drive.labels) if name == "drive" else street(*STREETS[name])
        runner = Runner(network, opened(pictures, "x264 defaults"))
        own = [Segmentation(each, runner.classes).labels() for each in runner.every(runner.frames)]
        policies: dict[str, Policy] = {f"limit {limit}": Adaptive(limit) for limit in LIMITS}
        policies["1.5 a second"] = Adaptive(pace=keyframes_per_second(1.5))
        for policy, chosen in policies.items():
            found = _whole(runner, truth, own, chosen)
            fixed = max((n for n in range(1, 31) if -(-len(own) // n) >= found["keyframes"]), default=1)
            beside = _whole(runner, truth, own, fixed)
            for row in ({"policy": policy} | found, {"policy": f"every {fixed}", "beside": policy} | beside):
                row = {"clip": name} | row
                print(
                    f"{name:12} {row['policy']:13} {row['keyframes']:3} keyframes, mIoU {row['mIoU']:.1f}, agreement "
                    f"{row['agreement']:.2f} %, worst twentieth {row['agreement_worst_twentieth']:.2f} %",
                    flush=True,
                )
                yield row


def _whole(runner: Runner, truth: Labels, own: list[Any], n: int | Policy) -> Row:
    classes = len(runner.classes)
    matrix, agreement, keys = np.zeros((classes, classes), np.int64), [], 0
    for estimate in runner.run("interpolate, confidence", n, runner.frames):
        label = truth[estimate.frame.index]
        predicted = Segmentation(estimate, runner.classes).labels(label.shape)
        matrix += confusion(label, predicted, classes)
        agreement.append(100 * float((predicted == own[estimate.frame.index]).mean()))
        keys += estimate.distance == 0
    worst = sorted(agreement)[: max(len(agreement) // 20, 1)]
    return {
        "keyframes": keys,
        "mIoU": 100 * mean_iou(matrix),
        "agreement": float(np.mean(agreement)),
        "agreement_worst_twentieth": float(np.mean(worst)),
    }
