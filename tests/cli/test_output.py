"""Standard output that is full, closed or cannot show a name: no traceback, and no work lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiny_models import MODELS
from warpseg.video.encode import encode

PROGRAM = [sys.executable, "-m", "warpseg"]


def words(sources: list[Path], out: Path) -> list[str]:
    model = ["--model", f"py:{MODELS}:tiny", "--device", "cpu", "--save", "stats"]
    return [*PROGRAM, "segment", *map(str, sources), "--out", str(out), *model]


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    import numpy as np

    paths = [tmp_path / f"{name}.mp4" for name in "ab"]
    for path in paths:
        encode([np.full((48, 64, 3), 20 * i, np.uint8) for i in range(6)], path, rate=25)
    return paths


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_output_costs_no_work(clips: list[Path], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            words(clips, tmp_path / "out"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("standard output is lost (No space left on device)") == 1
    assert all((tmp_path / "out" / name / "frames.csv").exists() for name in "ab")


def test_a_reader_that_wants_no_more_costs_no_work(clips: list[Path], tmp_path: Path) -> None:
    command, pipe = words(clips, tmp_path / "out"), subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        stderr = process.stderr.read()
    assert process.returncode == 0
    assert stderr.count("standard output is lost (its reader has closed it)") == 1
    assert all((tmp_path / "out" / name / "frames.csv").exists() for name in "ab")


def test_names_that_cannot_be_encoded_are_escaped(clips: list[Path], tmp_path: Path) -> None:
    odd = clips[0].rename(tmp_path / "caf\u00e9 \U0001f3a5.mp4")
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words([odd, clips[1]], tmp_path / "out"), capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert rb"caf\xe9 \U0001f3a5: 6 frames" in done.stdout
    assert b"b: 6 frames" in done.stdout
