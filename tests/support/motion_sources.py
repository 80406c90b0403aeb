"""Every motion source but none, for the tests that all of them must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.pans import Picture, encode
from warpseg.engine.source import Video, open_video

Opened = Callable[[list[Picture]], Video]


def _coded(**options: str) -> Callable[[Path, list[Picture]], Video]:
    def opened(path: Path, pictures: list[Picture]) -> Video:
        # 4:4:4 has odd sizes as well; FFmpeg's default rate control spends 8 Mbit/s: hardly any loss at these sizes.
        return open_video(encode(path / "clip.mp4", pictures, pix_fmt="yuv444p", **options), motion="codec")

    return opened


def _estimated(path: Path, pictures: list[Picture]) -> Video:
    return open_video(iter(pictures), motion="estimate")


def _flow(path: Path, pictures: list[Picture]) -> Video:
    needs_opencv()
    return open_video(iter(pictures), motion="flow")


def needs_opencv() -> None:
    pytest.importorskip("cv2", reason="OpenCV is absent; pip install 'warpseg[flow]'")


SOURCES = {
    "codec": _coded(),
    "codec bf=0": _coded(bf="0"),
    "estimate": _estimated,
    "flow": _flow,
}
