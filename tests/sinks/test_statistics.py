"""Statistics of each frame, and the names of the classes."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.support.sinks import (
    CLASSES,
    MANY,
    frame_of,
    info_of,
    write_all,
)
from warpseg.sinks.base import FrameResult
from warpseg.sinks.statistics import StatisticsSink


def test_statistics_say_what_each_frame_holds(tmp_path: Path) -> None:
    labels = np.full((10, 10), 255, np.uint8)
    labels[:5], labels[5, :3] = 1, 2
    with StatisticsSink(tmp_path / "frames.csv", info_of(), CLASSES) as sink:
        sink.write(FrameResult(frame_of(3, (10, 10), Fraction(1, 3)), labels, is_key=True, distance=0))
        sink.write(FrameResult(frame_of(4, (10, 10), Fraction(2, 3)), labels[::-1, ::-1], is_key=False, distance=1))
    rows = list(csv.DictReader((tmp_path / "frames.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["frame", "time", "picture", "keyframe", "distance", *CLASSES.names]
    assert list(rows[0].values()) == ["3", "0.333333", "P", "1", "0", "0.000000", "0.500000", "0.030000"]
    assert list(rows[1].values()) == ["4", "0.666667", "P", "0", "1", "0.000000", "0.500000", "0.030000"]


def test_statistics_name_the_classes(tmp_path: Path) -> None:
    for classes, ignore in ((CLASSES, 255), (MANY, 65535)):
        write_all(StatisticsSink(tmp_path / "frames.csv", info_of(), classes), [Fraction(0)])
        described = json.loads((tmp_path / "classes.json").read_text(encoding="utf-8"))
        assert described["ignore"] == ignore
        assert described["classes"][1] == {"id": 1, "name": classes.names[1], "colour": list(classes.colours[1])}
        assert len(described["classes"]) == len(classes)
