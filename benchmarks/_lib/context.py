"""Context: the data, the scratch folder and the extent that a benchmark runs with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from warpseg.datasets.camvid import Drive, camvid
from warpseg.networks import Network, load

__all__ = ["DATA", "REPOSITORY", "RESULTS", "Context", "Skipped"]

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "benchmarks" / "results"
DATA = Path(os.environ.get("WARPSEG_TEST_DATA", REPOSITORY.parent / "shared" / "data"))

T = TypeVar("T")


class Skipped(Exception):  # not an error of the benchmark
    """A benchmark cannot run here; the message names what it needs."""


@dataclass(frozen=True)
class Context:
    """The data, the scratch folder and the extent that a benchmark runs with.

    ``quick`` runs show that a benchmark works and measure nothing worth reading. ``out`` is the folder of the result
    files, ``kept`` that for parts of a run that may be interrupted, None to keep nothing.
    """

    data: Path
    scratch: Path
    out: Path
    quick: bool = False
    kept: Path | None = None

    def pick(self, full: T, quick: T) -> T:
        """Return the value for a full run or that for a quick one."""
        return quick if self.quick else full

    def drive(self) -> Drive:
        """Return CamVid's drive, its first frames in a quick run; raises ``Skipped`` where it is missing."""
        try:
            return camvid(self.data / "camvid", max_frames=self.pick(None, 8))
        except FileNotFoundError as error:
            raise Skipped(f"needs CamVid's drive ({error})") from error

    def network(self) -> Network:
        """Return the embedded network, on small pictures in a quick run."""
        return load("camvid", imgsz=96, precision="fp32") if self.quick else load("camvid")

    def video(self, name: str) -> Path:
        """Return the path of a real video; raises ``Skipped`` where it is missing."""
        path = self.data / "video" / name
        if not path.exists():
            raise Skipped(f"needs {path}")
        return path

    def part(self, name: str, measure: Callable[[], Any]) -> Any:
        """Measure a part of a long benchmark, or read it if an interrupted run at this commit has measured it."""
        path = self.kept / f"{name}.json" if self.kept else None
        if path and path.exists():
            print(f"{name}: measured before", flush=True)
            return json.loads(path.read_text(encoding="utf-8"))
        found = measure()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found), encoding="utf-8")
        return found
