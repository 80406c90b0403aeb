"""Interrupts: one line, exit code 130, outputs whole or absent, at any moment and however many signals come."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.support.tiny_models import MODELS
from warpseg.video import open_pictures
from warpseg.video.encode import encode

RANDOM = random.Random(7)
ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# From the start of the program, or from its first output file on: a run of the clip writes for about two seconds.
MOMENTS = [
    (after, RANDOM.uniform(0.1, longest), RANDOM.choices(ALL, k=RANDOM.choice((1, 2, 2, 3))))
    for after, longest, count in (("start", 3.0, 20), ("output", 3.5, 30))
    for _ in range(count)
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    encode([rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(400)], path, rate=25)
    return path


def begun(clip: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    words = ["segment", str(clip), "--out", str(out), "--model", f"py:{MODELS}:tiny", "--device", "cpu", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "warpseg", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def check_ended(process: subprocess.Popen[str], out: Path) -> None:
    _, stderr = process.communicate(timeout=20)
    lines = [line for line in stderr.splitlines() if not line.startswith(("note:", "frame", "clip"))]
    assert "Traceback" not in stderr, stderr
    assert "Exception ignored" not in stderr, stderr
    folder = out / "clip"
    left = [path.name for path in folder.iterdir()] if folder.exists() else []
    assert not [name for name in left if ".part" in name or name.endswith(".lock")], left
    if process.returncode == 0:  # the signal came when all was done
        assert json.loads((folder / "run.json").read_text())["complete"] is True
        return
    assert process.returncode == 130, (process.returncode, stderr)
    assert [line for line in lines if line.startswith("interrupted")] == lines[-1:], stderr
    if (folder / "run.json").exists():
        facts = json.loads((folder / "run.json").read_text())
        with open_pictures(folder / "masks.mkv") as masks:
            assert len(list(masks)) == facts["frames"] > 0
        assert facts["complete"] or facts["error"] == "interrupted"
    else:
        assert not left


def check_moments(clip: Path, tmp_path: Path, numbers: Iterable[int]) -> None:
    def interrupted(number: int) -> None:
        after, moment, signals = MOMENTS[number]
        out = tmp_path / str(number)
        with begun(clip, out, "--save", "masks,stats") as process:
            while after == "output" and not any(out.glob("clip/.masks*")) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(moment)
            for one in signals:
                process.send_signal(one)
                time.sleep(0.02)
            check_ended(process, out)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(interrupted, numbers))


@pytest.mark.parametrize("number", [0, 10, 20, 30, 40])
def test_signals_at_some_moments(clip: Path, tmp_path: Path, number: int) -> None:
    check_moments(clip, tmp_path, [number])


@pytest.mark.slow
def test_signals_at_fifty_moments(clip: Path, tmp_path: Path) -> None:
    check_moments(clip, tmp_path, range(len(MOMENTS)))


def test_a_hangup_that_the_caller_ignores_stays_ignored(clip: Path, tmp_path: Path) -> None:
    code = "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    words = ["segment", str(clip), "--out", str(tmp_path), "--model", f"py:{MODELS}:tiny", "--device", "cpu"]
    command = [sys.executable, "-c", code, sys.executable, "-m", "warpseg", *words, "--max-frames", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(4):
            time.sleep(0.5)
            process.send_signal(signal.SIGHUP)
        process.communicate(timeout=20)
    assert process.returncode == 0


def check_killed(clip: Path, tmp_path: Path, moments: Iterable[float]) -> None:
    out, words = tmp_path / "out", ("--save", "masks,stats", "--overwrite")
    with begun(clip, out, *words, "--max-frames", "30") as process:
        process.communicate(timeout=60)
    for moment in moments:
        before = (out / "clip" / "run.json").read_bytes()
        with begun(clip, out, *words) as process:
            while not any(out.glob("clip/.masks*")) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moment)
            process.kill()
            process.communicate(timeout=20)
        folder = out / "clip"
        facts = json.loads((folder / "run.json").read_text())
        if (folder / "run.json").read_bytes() == before or facts["complete"]:
            # Outputs that were there before, all of them, or all of the new ones.
            with open_pictures(folder / "masks.mkv") as masks:
                assert len(list(masks)) == facts["frames"]
            assert len((folder / "frames.csv").read_text().splitlines()) == facts["frames"] + 1
        else:
            assert "not finished" in facts["error"]
            assert facts["frames"] == 0
        with begun(clip, out, *words, "--max-frames", "30") as process:
            process.communicate(timeout=60)
        assert process.returncode == 0
        names = {path.name for path in folder.iterdir()}
        assert names == {"masks.mkv", "frames.csv", "classes.json", "run.json"}, "what the killed one left is gone"


def test_a_killed_run_leaves_the_truth(clip: Path, tmp_path: Path) -> None:
    check_killed(clip, tmp_path, [0.3])


@pytest.mark.slow
def test_runs_killed_at_any_moment_leave_the_truth(clip: Path, tmp_path: Path) -> None:
    check_killed(clip, tmp_path, [RANDOM.uniform(0, 3) for _ in range(12)])
