"""Cityscapes in its official layout: 30-frame snippets at 17 Hz, a label on the 20th frame of each."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warpseg.classes import CITYSCAPES, IGNORE
from warpseg.datasets.clip import Dataset, LabelFiles, Options
from warpseg.datasets.encoded import describe
from warpseg.datasets.folders import picture_clip
from warpseg.errors import DatasetError

__all__ = ["CATEGORIES", "LABELLED", "LABEL_IDS", "open_cityscapes", "to_label_ids"]

LABELLED = 19  # frame of a snippet that has a label, from 0
_FRAMES, _RATE = 30, 17

# Class ids in the files: labelIds by trainId.
LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
CATEGORIES = {
    "flat": (0, 1),
    "construction": (2, 3, 4),
    "object": (5, 6, 7),
    "nature": (8, 9),
    "sky": (10,),
    "human": (11, 12),
    "vehicle": (13, 14, 15, 16, 17, 18),
}
_LAST_ID = 33  # Cityscapes has no larger values, except the licence plate's -1, which a file holds as 255
_STRANGE = 254  # no class: an error where it occurs
_LABEL = re.compile(r"(?P<snippet>.+_\d{6})_(?P<frame>\d{6})_gtFine_labelIds\.png")


def open_cityscapes(root: Path, options: Options) -> Dataset:
    """Return the snippets of a split, one clip for each label.

    Frames are ``leftImg8bit_sequence/{split}/{city}/{city}_{sequence}_{frame}_leftImg8bit.png``, labels
    ``gtFine/{split}/{city}/{city}_{sequence}_{frame}_gtFine_labelIds.png``, whose ids become the 19 trainIds. Raises
    ``DatasetError`` where a split has no labels, or a label's snippet lacks frames.
    """
    frames, truth = root / "leftImg8bit_sequence" / options.split, root / "gtFine" / options.split
    for folder, what in ((frames, "the snippets' frames"), (truth, "their labels")):
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder; it should hold {what}, in one folder per city")
    labels = sorted(truth.glob("*/*_gtFine_labelIds.png"))[: options.max_clips]
    if not labels:
        raise DatasetError(f"{truth}: no *_gtFine_labelIds.png in its cities' folders; choose a --split with labels")
    clips = []
    for label in labels:
        parts = _LABEL.fullmatch(label.name)
        if parts is None:
            raise DatasetError(f"{label}: expected a name such as aachen_000000_000019_gtFine_labelIds.png")
        snippet, number = parts["snippet"], int(parts["frame"])
        first = number - LABELLED
        where = frames / label.parent.name
        paths = [where / f"{snippet}_{i:06}_leftImg8bit.png" for i in range(first, first + _FRAMES)]
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise DatasetError(
                f"{missing[0]}: {len(missing)} of the {_FRAMES} frames around {label.name} are missing; complete the "
                "snippet (leftImg8bit_sequence_trainvaltest.zip)"
            )
        clips.append(
            picture_clip(f"{snippet}_{number:06}", paths, LabelFiles({LABELLED: label}, _table()), options, rate=_RATE)
        )
    return Dataset(
        "cityscapes", clips, CITYSCAPES.names, describe(options.encoding), not options.clean, CATEGORIES
    )  # fmt: skip


def to_label_ids(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn trainIds (255 and those without a class: 0, unlabelled) into the labelIds that the benchmark wants."""
    table = np.zeros(256, np.uint8)
    table[: len(LABEL_IDS)] = LABEL_IDS
    return table[labels]


def _table() -> NDArray[np.uint8]:
    table = np.full(256, _STRANGE, np.uint8)
    table[: _LAST_ID + 1] = IGNORE
    table[IGNORE] = IGNORE
    table[list(LABEL_IDS)] = range(len(LABEL_IDS))
    return table
