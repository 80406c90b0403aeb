"""Helpers for the command line's tests: a clip that moves, a model, what a run wrote and what it complained of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from typer.testing import Result

from tests.support.json_types import faults
from tests.support.tiny_models import MODELS
from warpseg.run.run_json import RunFacts

TINY = f"py:{MODELS}:tiny"


def moving(count: int, size: tuple[int, int] = (64, 96)) -> list[NDArray[np.uint8]]:
    """Return frames of a textured picture that slides two pixels a frame."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 255, (size[0] // 8 + 2, (size[1] + 2 * count) // 8 + 2, 3), dtype=np.uint8)
    picture = coarse.repeat(8, 0).repeat(8, 1)
    return [np.ascontiguousarray(picture[: size[0], 2 * i : 2 * i + size[1]]) for i in range(count)]


def one_line(result: Result, *expected: str) -> str:
    """Assert that the error is a single line that names what is expected, without a traceback; return it."""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, result.stderr
    assert "Traceback" not in result.output
    for text in expected:
        assert text in errors[0]
    return errors[0]


def facts(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((folder / "run.json").read_text())
    assert not faults(loaded, RunFacts)
    return loaded


def mask_frames(path: Path) -> list[NDArray[Any]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]
