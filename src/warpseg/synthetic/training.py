"""Training: renders labelled stills from many streets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.street import Street

__all__ = ["training_frames"]

STILLS_PER_STREET = 4


def training_frames(count: int, size: tuple[int, int], seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images (count, 3, H, W) uint8 RGB and labels (count, H, W) uint8 from many different streets.

    ``size`` is (height, width). Four stills, far from each other, come from each street; each street has its own plan,
    light, camera and traffic. The same seed gives the same frames.
    """
    rng = np.random.default_rng((seed, 5))
    images = np.empty((count, 3, *size), np.uint8)
    labels = np.empty((count, *size), np.uint8)
    street = Street(size=size)
    for k in range(count):
        if k % STILLS_PER_STREET == 0:
            street = Street(
                seed=int(rng.integers(1 << 31)),
                size=size,
                turn=float(rng.uniform(0, 1.6)),
                traffic=float(rng.uniform(0.5, 2.2)),
                sway=float(rng.uniform(0.5, 3.0)),
            )
        index = (k % STILLS_PER_STREET) * 330 + int(rng.integers(150))
        pixels, labels[k] = street.still(index)
        images[k] = pixels.transpose(2, 0, 1)
    return images, labels
