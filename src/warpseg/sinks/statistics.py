"""How much of each frame each class covers, as a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from warpseg.files import leftovers, part_path, remove, reporting, write_json
from warpseg.sinks.base import Sink, check_labels, ignore_value
from warpseg.sinks.kernels import count
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["StatisticsSink"]


class StatisticsSink(Sink):
    """Writes ``frames.csv`` and ``classes.json`` into a folder.

    ``frames.csv`` has one row a frame: number, time in seconds on the source's clock, picture type, whether it is a
    keyframe, distance to the nearest keyframe, then each class's share of **all** pixels of the frame; what is missing
    to 1 is unknown. ``classes.json`` says what the ids mean: number, name, colour, and the value that means "nothing
    known".
    """

    def __init__(self, folder: str | Path, info: VideoInfo, classes: Classes) -> None:
        """Begin both files in ``folder``, which exists. Raises ``OutputError``."""
        self.warnings: list[str] = []
        self._classes = classes
        self._table_path = Path(folder) / "frames.csv"
        self._classes_path = Path(folder) / "classes.json"
        self._part = part_path(self._table_path)
        for old in leftovers(self._table_path):
            remove(old)
        with reporting(self._table_path):
            self._file: TextIO | None = self._part.open("w", newline="", encoding="utf-8")
        self._table = csv.writer(self._file, lineterminator="\n")
        self._row(["frame", "time", "picture", "keyframe", "distance", *classes.names])

    def write(
        self,
        frame: Frame,
        labels: NDArray[np.uint8 | np.uint16],
        *,
        is_key: bool,
        distance: int,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        """Write one frame's row."""
        check_labels(frame, labels)
        counts = np.zeros(65536 if labels.dtype == np.uint16 else 256, np.int64)
        count(labels, counts)
        shares = counts[: len(self._classes)] / labels.size
        begin = [frame.index, f"{float(frame.time):.6f}", frame.picture or "", int(is_key), distance]
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
        """Remove what was begun."""
        if self._file is None:
            return
        with suppress(OSError):  # what could not be written is removed anyway
            self._file.close()
        self._file = None
        remove(self._part)
