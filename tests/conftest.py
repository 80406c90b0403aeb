"""Fixtures that tests of several folders use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.evaluation import COUNT, SIZE
from warpseg.synthetic import Street
from warpseg.video.encode import encode


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a street as frames with labels, and as a video with labels of two of its frames."""
    root = tmp_path_factory.mktemp("street")
    for name in ("frames", "labels", "numbered"):
        (root / name).mkdir()
    pictures = []
    for i in range(COUNT):
        pixels, labels = Street(seed=1, size=SIZE, rate=15).still(i)
        pictures.append(pixels)
        Image.fromarray(pixels).save(root / "frames" / f"f{i:03}.png")
        Image.fromarray(np.where(labels < 5, labels, 200).astype(np.uint8)).save(root / "labels" / f"f{i:03}.png")
        if i in (6, 8):
            Image.fromarray(labels % 5).save(root / "numbered" / f"label_{i:06}.png")
    encode(pictures, root / "street.mp4", rate=15)
    return root


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("street") / "street.mp4"
    scene = Street(seed=4, size=(96, 128), rate=15, speed=6)
    encode((scene.still(i)[0] for i in range(110)), path, rate=15, options={"crf": "20"})
    return path
