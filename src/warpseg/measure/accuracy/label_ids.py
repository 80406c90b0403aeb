"""Label ids: results as images for the official Cityscapes script, under its file names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.datasets.cityscapes import to_label_ids
from warpseg.datasets.clip import Clip
from warpseg.engine.method import Method
from warpseg.files import whole
from warpseg.measure.accuracy.score import Export

__all__ = ["label_ids"]


def label_ids(folder: Path) -> Export:
    """Return a function that writes targets to ``folder/{method}/distance_{p}/{city}_{sequence}_{frame}_labelIds.png``.

    The official script takes each of these folders as results. The function raises ``OutputError``.
    """

    def write(setting: Method, clip: Clip, p: int, frame: int, labels: NDArray[Any]) -> None:
        name = re.sub(r"[^\w-]+", "_", str(setting).replace("=", ""))
        path = folder / name / f"distance_{p}" / f"{clip.name}_labelIds.png"
        with whole(path, parents=True) as part:
            Image.fromarray(to_label_ids(labels.astype(np.uint8))).save(part)

    return write
