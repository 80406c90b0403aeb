"""``warpseg evaluate`` run on the street that the fixture ``data`` writes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from tests.support.tiny_models import MODELS
from warpseg.cli import app

SIZE = (64, 96)
COUNT = 16


def run(
    data: Path, out: Path, *more: str, dataset: str = "folder", root: str = "frames", model: str = "tiny"
) -> Result:
    words = ["evaluate", "--dataset", dataset, "--root", str(data / root), "--out", str(out), "--device", "cpu"]
    return CliRunner().invoke(app, [*words, "--model", f"py:{MODELS}:{model}", *more])
