"""The lock of an output folder: one live process, and nothing left of ended ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from warpseg import OutputError
from warpseg.run.lock import only_writer

HOLDER = """
import sys, time
from pathlib import Path
from warpseg.run.lock import only_writer
with only_writer(Path(sys.argv[1])):
    (Path(sys.argv[1]) / ".masks.77777777.part.mkv").write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with holder(folder) as process:
        try:
            with (
                pytest.raises(OutputError, match=rf"process {process.pid} is writing there.*--out"),
                only_writer(folder),
            ):
                pytest.fail("two writers")
        finally:
            process.kill()
    assert (folder / ".warpseg.lock").exists(), "killed, so the file stays"
    with only_writer(folder):
        assert [path.name for path in folder.iterdir()] == [".warpseg.lock"], "what the killed one left is gone"
    assert not list(folder.iterdir())


def test_only_temporary_names_are_removed(tmp_path: Path) -> None:
    kept = ["masks.mkv", ".hidden", "my.part.mkv", ".a.part.mp4", "notes.123.part", ".part"]
    gone = [".overlay.123.part.mp4", ".run.99999999.part.json", ".images.5.part"]
    for name in kept + gone[:2]:
        (tmp_path / name).write_text("x")
    (tmp_path / gone[2]).mkdir()
    (tmp_path / gone[2] / "frame_000000.png").write_text("x")
    with only_writer(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_folders_made_for_nothing_are_removed(tmp_path: Path) -> None:
    with only_writer(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a").exists()
    with only_writer(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "run.json").write_text("{}")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["run.json"]


def test_a_lock_file_of_a_process_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".warpseg.lock").write_text("99999999")
    with only_writer(tmp_path):
        assert (tmp_path / ".warpseg.lock").read_text() == str(os.getpid())


def test_the_same_process_twice_is_refused(tmp_path: Path) -> None:
    with only_writer(tmp_path), pytest.raises(OutputError, match="is writing there"), only_writer(tmp_path):
        pytest.fail("two writers")
