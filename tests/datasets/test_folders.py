"""Folders of frames and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warpseg.datasets.camvid import camvid


def test_camvid_is_read_with_void_as_255(tmp_path: Path) -> None:
    for folder in ("val", "valannot"):
        (tmp_path / folder).mkdir()
    for i, name in enumerate(("b.png", "a.png")):
        Image.fromarray(np.full((4, 6, 3), 50 * i, np.uint8)).save(tmp_path / "val" / name)
        Image.fromarray(np.array([[i, 10, 11]], np.uint8)).save(tmp_path / "valannot" / name)
    drive = camvid(tmp_path)
    assert [int(picture.max()) for picture in drive.pictures] == [50, 0]  # by name
    assert [drive.labels[i].tolist() for i in range(2)] == [[[1, 10, 255]], [[0, 10, 255]]]
    with pytest.raises(FileNotFoundError, match="valannot"):
        camvid(tmp_path / "elsewhere")
