"""Statistics: writes each class's share of each frame as a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from warpseg.files import leftovers, part_path, remove, reporting, write_json
from warpseg.sinks.base import FrameResult, Sink, check_labels, ignore_value
from warpseg.sinks.kernels import count
from warpseg.types import Classes, VideoInfo

__all__ = ["StatisticsSink"]


class StatisticsSink(Sink):
    """Sink of ``frames.csv`` and, in the same folder, ``classes.json``.

    ``frames.csv`` has one row per frame: number, time in seconds on the source's clock, picture type, whether it is a
    keyframe, distance to the nearest keyframe, then each class's share of **all** pixels of the frame; the rest up to 1
    is unknown. ``classes.json`` lists the number, name and colour of each class, and the value that means "unknown".
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes) -> None:
        """Begin both files; ``path`` is that of ``frames.csv``. Raises ``OutputError`` if they cannot be written."""
        self.warnings: list[str] = []
        self._classes = classes
        self._table_path = Path(path)
        self._classes_path = self._table_path.with_name("classes.json")
        self._part = part_path(self._table_path)
        for old in leftovers(self._table_path):
            remove(old)
        with reporting(self._table_path):
            self._file: TextIO | None = self._part.open("w", newline="", encoding="utf-8")
        self._table = csv.writer(self._file, lineterminator="\n")
        self._row(["frame", "time", "picture", "keyframe", "distance", *classes.names])

    def write(self, result: FrameResult) -> None:
        """Write one frame's row."""
        check_labels(result)
        frame, labels = result.frame, result.labels
        counts = np.zeros(65536 if labels.dtype == np.uint16 else 256, np.int64)
        count(labels, counts)
        shares = counts[: len(self._classes)] / labels.size
        time, keyframe = f"{float(frame.time):.6f}", int(result.is_key)
        begin = [frame.index, time, frame.picture or "", keyframe, result.distance]
        self._row([*begin, *(f"{share:.6f}" for share in shares)])

    def _row(self, values: Sequence[object]) -> None:
        with reporting(self._table_path):
            self._table.writerow(values)

    def close(self) -> None:
        """Finish both files and give them their final names."""
        if self._file is None:
            return
        try:
            with reporting(self._table_path):
                self._file.close()
            write_json(self._classes_path, self._description(), indent=2)
            with reporting(self._table_path):
                os.replace(self._part, self._table_path)
        except BaseException:
            self.discard()
            raise
        self._file = None

    def _description(self) -> dict[str, Any]:
        entries = [
            {"id": number, "name": name, "colour": list(colour)}
            for number, (name, colour) in enumerate(zip(self._classes.names, self._classes.colours, strict=True))
        ]
        return {"classes": entries, "ignore": ignore_value(self._classes)}

    def discard(self) -> None:
        """Remove the unfinished files."""
        if self._file is None:
            return
        with suppress(OSError):  # a failed flush does not matter, the file is removed
            self._file.close()
        self._file = None
        remove(self._part)
