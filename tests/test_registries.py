"""Registries: a sink or a network family with one more line is known to commands, errors and ``run.json``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.tiny_models import MODELS

ADDED = f"""
import json, sys
from pathlib import Path
import numpy as np
from typer.testing import CliRunner
from warpseg.networks import FAMILIES, Family
from warpseg.sinks import SINKS
from warpseg.sinks import SinkKind

SINKS["twin"] = SinkKind(("twin.mkv",), "masks:MaskSink")
FAMILIES["other"] = Family("other:FILE.py:NAME", "one more", "python_file:from_name")

from warpseg import Segmenter, process
from warpseg.cli import app

def words(*arguments):
    result = CliRunner().invoke(app, [*arguments], env={{"COLUMNS": "300"}})
    return " ".join((result.output + result.stderr).replace("│", " ").split())

assert "other:FILE.py:NAME (one more)" in words("segment", "--help")
assert "twin" in words("segment", "clip.mp4", "--out", "o", "--save", "nothing")
assert "twin" in words("bench", "--save", "nothing")
out = Path(sys.argv[1])
assert "other:FILE.py:NAME" in words("segment", "--model", "nothing", "--out", str(out), "clip.mp4")
frames = [np.full((32, 48, 3), 40 * i, np.uint8) for i in range(3)]
process(Segmenter("other:{MODELS}:tiny", device="cpu"), frames, out, name="clip", save=["twin"])
assert json.loads((out / "clip" / "run.json").read_text())["saved"] == ["twin"]
assert (out / "clip" / "twin.mkv").stat().st_size
"""


def test_one_line_adds_a_sink_and_a_network_family(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ADDED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
