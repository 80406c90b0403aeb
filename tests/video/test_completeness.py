"""Whole sources are complete, whatever they are made of; cut and holed ones say so, with times."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.recordings import CODECS, record
from warpseg.errors import VideoError
from warpseg.types import Picture
from warpseg.video import open_pictures

# Containers that neither state a length nor mark a frame that is cut off.
SILENT = {"ts", "mpg", "nut", "ogv", "gif"}
WITH_SOUND = [suffix for suffix in CODECS if CODECS[suffix][1]]
CASES = [(suffix, False) for suffix in CODECS] + [(suffix, True) for suffix in WITH_SOUND]


def read(path: Path) -> tuple[list[Picture], list[str], str]:
    """Return all pictures of a source, what was noted, and the error at the end or the beginning."""
    pictures: list[Picture] = []
    notes: list[str] = []
    try:
        with open_pictures(path) as reader:
            notes = reader.warnings
            pictures.extend(reader)
    except VideoError as error:
        return pictures, notes, str(error)
    return pictures, notes, ""


@pytest.mark.parametrize("start", [0, 5])
@pytest.mark.parametrize(("suffix", "sound"), CASES)
def test_a_whole_source_is_complete(tmp_path: Path, suffix: str, sound: bool, start: int) -> None:
    pictures, notes, error = read(record(tmp_path / f"clip.{suffix}", sound=sound, start=start))
    assert (len(pictures), error) == (50, "")
    assert not any("damaged" in line or "jumps" in line for line in notes)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("start", [0, 5])
@pytest.mark.parametrize(("suffix", "sound"), CASES)
def test_a_source_that_is_cut_off_is_damaged(
    tmp_path: Path, suffix: str, sound: bool, start: int, share: float
) -> None:
    options = {"movflags": "+faststart"} if suffix in ("mp4", "mov") else {}
    path = record(tmp_path / f"clip.{suffix}", sound=sound, start=start, options=options)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    pictures, _, error = read(path)
    if pictures and len(pictures) < 50 and suffix not in SILENT:
        assert "it ends" in error


def test_a_sound_that_is_longer_than_the_picture_does_not_matter(tmp_path: Path) -> None:
    """And the other way round: the container's length is that of its longest stream."""
    for suffix in ("mkv", "mp4", "avi", "wmv"):
        path = record(tmp_path / f"clip.{suffix}", sound=True, frames=50)
        assert read(path)[2] == ""


def test_a_trimmed_video_is_complete(tmp_path: Path) -> None:
    """A phone that trims keeps all frames and an edit list that shows a part of them."""
    path = record(tmp_path / "clip.mp4", codec="libx265")
    data = bytearray(path.read_bytes())
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"elst", 12)):  # durations, in milliseconds
        at = data.index(box) + offset
        assert struct.unpack_from(">I", data, at)[0] == 2000
        struct.pack_into(">I", data, at, 1000)
    path.write_bytes(data)
    pictures, _, error = read(path)
    assert error == ""
    assert 25 <= len(pictures) < 35


@pytest.mark.parametrize("how", ["zeros", "noise", "removed"])
@pytest.mark.parametrize(("suffix", "sound"), [case for case in CASES if case[0] not in ("gif", "ivf")])
def test_a_hole_in_the_middle_is_damage(tmp_path: Path, suffix: str, sound: bool, how: str) -> None:
    options = {"movflags": "+faststart"} if suffix in ("mp4", "mov") else {}
    path = record(tmp_path / f"clip.{suffix}", frames=200, sound=sound, options=options)
    data = path.read_bytes()
    first, last = int(0.4 * len(data)), int(0.6 * len(data))
    filling = {"zeros": bytes(last - first), "noise": random.Random(0).randbytes(last - first), "removed": b""}[how]
    path.write_bytes(data[:first] + filling + data[last:])
    pictures, _, error = read(path)
    assert "damaged" in error
    if len(pictures) < 190 and suffix in ("mkv", "webm", "flv", "wmv", "ts", "mpg", "nut", "ogv"):
        assert "no frames between" in error or "it ends" in error


def test_the_rhythm_of_a_source_explains_its_gaps(tmp_path: Path) -> None:
    """Varying steps, single lost frames and long pauses are no damage."""
    dropped = [Fraction(index, 25) for index in range(120) if index % 20]
    slowing = [Fraction(index, 25) for index in range(60)] + [3 + Fraction(index) for index in range(20)]
    for times in (dropped, slowing):
        path = record(tmp_path / "clip.mkv", frames=len(times), times=times)
        pictures, _, error = read(path)
        assert error == ""
        assert [picture.time for picture in pictures] == times


def test_a_pause_longer_than_the_recording_is_noted(tmp_path: Path) -> None:
    times = [Fraction(index, 25) for index in range(25)] + [4800 + Fraction(index, 25) for index in range(25)]
    pictures, notes, error = read(record(tmp_path / "clip.mkv", frames=50, times=times))
    assert error == ""
    assert [picture.time for picture in pictures] == times
    assert "clip.mkv: the clock jumps from 0.96 s to 4800.00 s" in notes
