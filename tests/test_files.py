"""Files that are whole or absent: names, failures, what other processes left."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from warpseg.errors import OutputError
from warpseg.files import leftovers, part_path, reporting, whole, write_json, write_text


def ended_process() -> int:
    """Return the id of a process that no longer runs."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_file_appears_under_its_name_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.b.mp4"
    path.write_text("old")
    with whole(path) as part:
        assert (part.parent, part.suffix) == (tmp_path, ".mp4")
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == {"a.b.mp4"}


@pytest.mark.parametrize("error", [ValueError("no frames"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_what_fails_leaves_the_old_file(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write() -> None:
        with whole(path) as part:
            part.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == {"a.txt"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: free some space"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error; try another"),
        (OSError("broken pipe of some library"), "broken pipe of some library; try another"),
        (av.error.ExternalError(errno.EIO, "Generic error in an external library"), "Generic error in an external"),
    ],
    ids=["full", "other", "no number", "FFmpeg"],
)
def test_errors_of_the_disk_and_of_ffmpeg_are_one_line(error: Exception, says: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"cannot write .*a.mp4: {says}"), reporting(tmp_path / "a.mp4"):
        raise error


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), reporting(tmp_path / "a"):
        raise ZeroDivisionError


def test_folders_are_made_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    with pytest.raises(OutputError, match=r"c.json: the folder does not exist"):
        write_text(path, "{}")
    write_json(path, {"n": [1, None]}, parents=True)
    assert json.loads(path.read_text(encoding="utf-8")) == {"n": [1, None]}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="in the way"):
        write_text(tmp_path / "file" / "x", "", parents=True)


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))
    assert names(tmp_path) == set()


def test_leftovers_of_ended_processes_are_known_and_removed(tmp_path: Path) -> None:
    path, ended = tmp_path / "a.json", ended_process()
    left = tmp_path / f".a.{ended}.part.json"
    others = [
        tmp_path / f".b.{ended}.part.json",  # of another output
        tmp_path / f".a.{ended}.part.txt",
        tmp_path / f".a.{os.getppid()}.part.json",  # still being written
        tmp_path / ".a.x.part.json",
        part_path(path),
    ]
    for each in (left, *others):
        each.write_text("half")
    assert leftovers(path) == [left]
    write_text(path, "whole")
    assert names(tmp_path) == {path.name, *(other.name for other in others[:-1])}


def test_leftover_folders_are_known(tmp_path: Path) -> None:
    left = tmp_path / f".images.{ended_process()}.part"
    left.mkdir()
    assert leftovers(tmp_path / "images") == [left]
    assert leftovers(tmp_path / "absent" / "images") == []
