"""Silent sources on the command line: every signal ends the program within a second, and a time limit by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command import TINY, moving
from tests.support.servers import silence
from warpseg.video.encode import encode

COMMANDS = {
    "segment": ["--model", TINY, "--device", "cpu"],
    "info": [],
}


def begun(command: str, source: str, tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    out = [] if command == "info" else ["--out", str(tmp_path / "out")]
    return subprocess.Popen(
        [sys.executable, "-m", "warpseg", command, source, *COMMANDS[command], *out, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_ends(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal and assert that the program ends within a second, in one line."""
    sent = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)
    took = time.monotonic() - sent
    assert process.returncode == 130, stderr
    assert [line for line in stderr.splitlines() if not line.startswith("note:")][-1].startswith("interrupted")
    assert "Traceback" not in stderr
    assert took < 1, f"{took:.2f} s"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_pipe_that_is_silent_at_opening(tmp_path: Path, command: str, number: int) -> None:
    os.mkfifo(tmp_path / "clip.ts")
    process = begun(command, str(tmp_path / "clip.ts"), tmp_path)
    with (tmp_path / "clip.ts").open("wb"):  # which succeeds when the program opens it to read
        time.sleep(0.2)
        check_ends(process, number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_falls_silent(tmp_path: Path, number: int) -> None:
    encode(moving(60), tmp_path / "clip.ts", rate=25, options={"g": "10", "bf": "0"})
    process = begun("segment", "-", tmp_path)
    assert process.stdin is not None
    os.write(process.stdin.fileno(), (tmp_path / "clip.ts").read_bytes())
    part = tmp_path / "out" / "video"
    deadline = time.monotonic() + 60
    while not list(part.glob("*masks*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    sent = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=20) == 130
    took = time.monotonic() - sent
    process.communicate()
    assert took < 1.5, f"{took:.2f} s"
    assert (part / "masks.mkv").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_never_answers(tmp_path: Path, number: int) -> None:
    with silence() as (address, asked):
        process = begun("segment", address, tmp_path)
        assert asked.wait(60)
        check_ends(process, number)


def test_a_server_that_never_answers_ends_by_itself(tmp_path: Path) -> None:
    with silence() as (address, asked):
        process = begun("segment", address, tmp_path, "--timeout", "0.5")
        assert asked.wait(60)
        asked_at = time.monotonic()
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 1
    assert time.monotonic() - asked_at < 3
    assert "no answer for 0.5 s" in stderr
