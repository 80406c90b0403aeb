"""Folder: an ended run read back from its files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from numpy.typing import NDArray

from warpseg.errors import VideoError, WarpsegError
from warpseg.types import Classes
from warpseg.video.opening import open_input

__all__ = ["Run"]


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
        facts = _json(folder / "run.json")
        if not (folder / "masks.mkv").exists():
            raise WarpsegError(f"{folder}: no masks.mkv in it; run warpseg segment with masks among --save")
        if (folder / "classes.json").exists():
            entries = _json(folder / "classes.json").get("classes", [])
            colours = tuple((int(e["colour"][0]), int(e["colour"][1]), int(e["colour"][2])) for e in entries)
            return cls(folder, facts, Classes(tuple(str(e["name"]) for e in entries), colours), True)
        count = (facts.get("model") or {}).get("classes")
        if not count:
            raise WarpsegError(
                f"{folder}: run.json holds no number of classes and classes.json is missing; run warpseg segment again"
            )
        return cls(folder, facts, Classes.numbered(int(count)), False)

    def numbers(self) -> list[int] | None:
        """Return the source's number of each frame, None without ``frames.csv``."""
        path = self.folder / "frames.csv"
        if not path.exists():
            return None
        with path.open(newline="", encoding="utf-8") as file:
            return [int(row["frame"]) for row in csv.DictReader(file)]

    def masks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield (milliseconds, labels (height, width)) of each frame. Raises ``VideoError`` where they are damaged."""
        path = self.folder / "masks.mkv"
        try:
            with closing(open_input(path)) as opened:
                for frame in opened.container.decode(video=0):
                    yield round(1000 * (frame.time or 0.0)), frame.to_ndarray()
        except (av.FFmpegError, OSError, IndexError) as error:
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


def _json(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WarpsegError(f"{path}: cannot be read ({error}); run warpseg segment again") from error
    if not isinstance(held, dict):
        raise WarpsegError(f"{path}: not what warpseg segment writes; run it again")
    return held
