"""Fixtures of the reader tests: the numbered pictures as a file and as a folder of images."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.support.numbered import LENGTH, encode, numbered, picture


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("clip") / "clip.mkv", numbered(), qp="10", bf="2", g="6")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for index in range(LENGTH):
        Image.fromarray(picture(index)).save(root / f"frame_{index}.png")
    (root / "notes.txt").write_text("not an image")
    return root
