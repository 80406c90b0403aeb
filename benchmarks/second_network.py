"""Second network, plain and with a head that is not linear: accuracy and consistency on the drive.

Trained from nothing on CamVid's training stills (twenty minutes on two CPU cores) unless its weights are in ``out/``;
its features, not its scores, are propagated, because its head does not commute with a weighted average.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks._lib import intervals
from benchmarks._lib.clips import DEFAULTS
from benchmarks._lib.context import REPOSITORY, Context
from benchmarks._lib.plain_network import second_network, train
from warpseg.train.data import Labelled, load_camvid

WEIGHTS = REPOSITORY / "out" / "second_network.safetensors"


def run(context: Context) -> list[dict[str, Any]]:
    """Return a row per interval and method."""
    drive = context.drive()
    weights = context.pick(WEIGHTS, context.scratch / WEIGHTS.name)
    if not weights.exists():
        weights.parent.mkdir(exist_ok=True)
        train(stills(context), weights, epochs=context.pick(100, 1))
    rows: list[dict[str, Any]] = intervals.measure(
        context, second_network(weights), "drive", DEFAULTS, drive.pictures, drive.labels
    )
    return rows


def stills(context: Context) -> Labelled:
    """Return CamVid's training stills; a quick run, which trains nothing worth having, makes do with the drive."""
    if not context.quick:
        return load_camvid(context.data / "camvid", "train")
    drive = context.drive()
    images = torch.from_numpy(np.stack(drive.pictures)).permute(0, 3, 1, 2)
    return Labelled(images, torch.from_numpy(np.stack([*drive.labels.values()])))


PAGES = {
    "docs/fusion.md#second-intervals": intervals.accuracy_tables,
    "docs/fusion.md#second-consistency": intervals.consistency_tables,
}
