"""Folder: an ended run read back from its files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import av
from numpy.typing import NDArray

from warpseg.errors import VideoError, WarpsegError
from warpseg.jsonfile import read_object
from warpseg.run.run_json import RunFacts
from warpseg.types import Classes
from warpseg.video.opening import open_input

__all__ = ["Run"]

_CLASSES = 4096  # at most: two runs are compared by a table of classes by classes


class _Entry(TypedDict):
    id: int
    name: str
    colour: tuple[int, int, int]


class _ClassesFile(TypedDict):
    classes: list[_Entry]
    ignore: int


@dataclass(frozen=True, eq=False)
class Run:
    """A folder that ``warpseg segment`` wrote, with its masks."""

    folder: Path
    facts: dict[str, Any]  # the content of run.json
    classes: Classes  # numbered where there is no classes.json
    named: bool  # whether there is one

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read a run's folder, or one that holds the folder of a single run.

        Raises ``WarpsegError`` where there is no run, or one without masks.
        """
        within = sorted(path.parent for path in folder.glob("*/run.json"))
        if not (folder / "run.json").exists() and len(within) == 1:
            folder = within[0]
        elif not (folder / "run.json").exists():
            what = f"{len(within)} runs in it; name one of them" if within else "no run.json in it; name a run's folder"
            raise WarpsegError(f"{folder}: {what if folder.is_dir() else 'no such folder'}")
        facts = _json(folder / "run.json", RunFacts)
        ratio = (facts.get("video") or {}).get("sample_aspect_ratio", "1")
        if not isinstance(ratio, str) or not re.fullmatch(r"[1-9]\d{0,9}(/[1-9]\d{0,9})?", ratio):
            raise WarpsegError(
                f"{folder / 'run.json'}: video.sample_aspect_ratio is no ratio; run warpseg segment again"
            )
        if not (folder / "masks.mkv").exists():
            raise WarpsegError(f"{folder}: no masks.mkv in it; run warpseg segment with masks among --save")
        if (folder / "classes.json").exists():
            return cls(folder, facts, _classes(folder / "classes.json"), True)
        count = (facts.get("model") or {}).get("classes")
        if count is not None:
            _check_count(count, folder / "run.json")
        else:
            raise WarpsegError(
                f"{folder}: run.json holds no number of classes and classes.json is missing; run warpseg segment again"
            )
        return cls(folder, facts, Classes.numbered(count), False)

    def numbers(self) -> list[int] | None:
        """Return the source's number of each frame, None without ``frames.csv``.

        Raises ``WarpsegError`` where the file is damaged.
        """
        path = self.folder / "frames.csv"
        if not path.exists():
            return None
        try:
            with path.open(newline="", encoding="utf-8") as file:
                found = [int(row["frame"]) for row in csv.DictReader(file)]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise WarpsegError(f"{path}: its column of frames cannot be read; run warpseg segment again") from error
        if found and not 0 <= min(found) <= max(found) < 2**53:
            raise WarpsegError(f"{path}: numbers of frames below 0 or too large; run warpseg segment again")
        return found

    def masks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield (milliseconds, labels (height, width)) of each frame. Raises ``VideoError`` where they are damaged."""
        path = self.folder / "masks.mkv"
        try:
            with closing(open_input(path)) as opened:
                for frame in opened.container.decode(video=0):
                    if frame.format.name not in ("gray", "gray16le"):
                        raise ValueError(f"pictures in {frame.format.name}, not labels")
                    yield round(1000 * (frame.time or 0.0)), frame.to_ndarray()
        except (av.FFmpegError, OSError, IndexError, ValueError) as error:
            raise VideoError(f"{path}: cannot be read ({error}); make it again") from error

    def has_overlay(self) -> bool:
        """Return whether there is an overlay of as many frames, made by the same run."""
        return (self.folder / "overlay.mp4").exists() and "overlay" in (self.facts.get("saved") or [])

    def overlay(self) -> Iterator[av.VideoFrame]:
        """Yield the overlay's frames, one for each of the masks. Raises ``VideoError`` where they are damaged."""
        path = self.folder / "overlay.mp4"
        try:
            with closing(open_input(path)) as opened:
                yield from opened.container.decode(video=0)
        except (av.FFmpegError, OSError, IndexError) as error:
            raise VideoError(f"{path}: cannot be read ({error}); make it again") from error


def _classes(path: Path) -> Classes:
    """Return the names and colours that ``classes.json`` holds."""
    entries = _json(path, _ClassesFile).get("classes") or []
    _check_count(len(entries), path)
    for entry in entries:
        if "name" not in entry or not all(0 <= part <= 255 for part in entry.get("colour", [-1])):
            raise WarpsegError(f"{path}: a class without name, or colour in 0..255; run warpseg segment again")
    return Classes(tuple(entry["name"] for entry in entries), tuple(tuple(entry["colour"]) for entry in entries))


def _check_count(count: int, path: Path) -> None:
    if not 1 <= count <= _CLASSES:
        raise WarpsegError(f"{path}: {count} classes, where 1 to {_CLASSES} can be compared; run warpseg segment again")


def _json(path: Path, kind: Any) -> dict[str, Any]:
    try:
        return read_object(path, kind)
    except OSError as error:
        raise WarpsegError(f"{path}: cannot be read ({error.strerror}); run warpseg segment again") from error
    except ValueError as error:
        raise WarpsegError(f"{path}: not what warpseg segment writes ({error}); run it again") from error
