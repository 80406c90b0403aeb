"""Fixtures of the motion tests: every motion source but none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.motion_sources import SOURCES, Opened


@pytest.fixture(params=SOURCES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Return a function that opens pictures as a video of one of the sources."""
    source = SOURCES[request.param]
    return lambda pictures: source(tmp_path, pictures)
