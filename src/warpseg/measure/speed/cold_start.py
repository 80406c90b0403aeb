"""Cold start: time to the first mask and peak memory of runs in new processes.

``python -m warpseg.measure.speed.cold_start``, with the settings as JSON on standard input, is such a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warpseg.errors import WarpsegError
from warpseg.measure.speed.bench_json import ColdStart
from warpseg.run.startup import heavy_imports, keep_memory

__all__ = ["first_mask"]

# Where compiled code is kept between runs, by numba, torch and Triton.
_CACHES = ("NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")


def first_mask(source: str, segmenter: Mapping[str, Any], save: list[str], max_frames: int | None) -> ColdStart:
    """Segment ``source`` in two new processes.

    Args:
        source: the video.
        segmenter: options of ``Segmenter``, the model by name.
        save: outputs to write.
        max_frames: frames at most.

    Returns:
        Seconds from starting the process to the first frame written, in a first run with nothing compiled yet and in a
        later run; peak resident memory of the later run, and the counter that it was read from.

    Raises:
        WarpsegError: a process failed; with the last line that it printed.
    """
    settings = {"source": source, "segmenter": dict(segmenter), "save": save, "max_frames": max_frames}
    with tempfile.TemporaryDirectory(prefix="warpseg-") as cache:
        first, later = _run(settings, Path(cache)), _run(settings, Path(cache))
    return {
        "first_run_s": first["first"],
        "later_s": later["first"],
        "peak_bytes": later["peak"],
        "measured_by": later["measured_by"],
    }


def _run(settings: dict[str, Any], cache: Path) -> dict[str, Any]:
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "warpseg.measure.speed.cold_start"],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **{name: str(cache / name.lower()) for name in _CACHES}},
    )
    if done.returncode:
        printed = done.stderr.strip().splitlines()
        raise WarpsegError(
            f"a run in a new process failed: {printed[-1] if printed else f'exit code {done.returncode}'}"
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "first": found["first"] - started}


def main() -> None:
    """Segment with the settings on standard input; print the time of the first frame written and peak memory."""
    keep_memory()  # as the command line does
    settings = json.load(sys.stdin)
    options: dict[str, Any] = {  # JSON knows no tuples
        name: tuple(value) if isinstance(value, list) else value for name, value in settings["segmenter"].items()
    }
    # From here on, a user would be waiting.
    with heavy_imports():
        from warpseg.engine.segmenter import Segmenter
        from warpseg.measure.speed.end_to_end import to_files
        from warpseg.measure.speed.peak_memory import peak

    try:
        segmenter = Segmenter(**options)
        opened = time.time()
        lap = to_files(segmenter, settings["source"], settings["save"], settings["max_frames"])
    except Exception as error:  # for the process that waits for this one
        sys.exit(" ".join(str(error).split()) or type(error).__name__)
    most, measured_by = peak()
    print(json.dumps({"first": opened + lap.first, "peak": most, "measured_by": measured_by}))


if __name__ == "__main__":
    main()
