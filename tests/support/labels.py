"""Label maps drawn at random."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]


def labels(seed: int, used: Iterable[int], void: float = 0.0, size: tuple[int, int] = (14, 17)) -> Labels:
    random = np.random.default_rng(seed)
    found = random.choice(np.array(list(used), np.uint8), size)
    found[random.random(size) < void] = 255
    return found
