"""Run of ``warpseg bench``: frame by frame and each interval in turn, round after round, and one result file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from warpseg import networks
from warpseg.engine.choices import SCHEMES, check
from warpseg.engine.segmenter import Segmenter
from warpseg.errors import VideoError
from warpseg.files import write_json
from warpseg.measure.speed.bench_json import Bench, PaperTimes
from warpseg.measure.speed.cold_start import first_mask
from warpseg.measure.speed.end_to_end import in_turns, to_files
from warpseg.measure.speed.paper_baseline import between_ms, paper_lap, speed_up
from warpseg.measure.speed.stages import KINDS, alone
from warpseg.measure.speed.summary import Round, row
from warpseg.networks import Network
from warpseg.run import record
from warpseg.types import Frame, VideoInfo

__all__ = ["bench"]

_PAPER_WINDOW = 6  # frames on which the paper's way is timed: a keyframe and five intermediate frames


def bench(
    source: str,
    out: Path,
    *,
    model: str | Network = "camvid",
    loading: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    scheme: str = "interpolate",
    intervals: Sequence[int] = (1, 2, 5, 10, 20),
    save: Sequence[str] = ("masks",),
    rounds: int = 3,
    max_frames: int | None = None,
    compare_paper: bool = False,
    fresh: bool = True,
    command: Sequence[str] | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Bench:
    """Measure speed on ``source``; write and return ``bench.json`` (docs/speed.md says what is in it).

    Frame by frame and each of ``intervals`` take turns, ``rounds`` times after one that warms up: from file to the
    outputs ``save``, and then stage by stage. ``loading`` are options of ``warpseg.load``, ``options`` others of
    ``Segmenter``. ``compare_paper`` times the paper's way in the same rounds. ``fresh`` measures first mask and memory
    in processes of their own, which need ``model`` by name. Raises ``VideoError`` for a source that cannot be read,
    ``OutputError`` where ``out`` cannot be written, ``ValueError`` for options that do not go together.
    """
    check("scheme", scheme, SCHEMES)
    if scheme == "every":
        raise ValueError("scheme 'every' is always measured: choose another to compare with it")
    if set(save) - set(KINDS) or not save:
        raise ValueError(f"save {', '.join(save) or 'nothing'}: expected some of {', '.join(KINDS)}")
    if rounds < 1 or min(intervals, default=0) < 1:
        raise ValueError("rounds and intervals: expected whole numbers, 1 or more")
    if fresh and not isinstance(model, str):
        raise ValueError("fresh needs the model by name, for a new process to load it")
    begun = datetime.now(UTC)
    loading, options = dict(loading or {}), dict(options or {})
    network = networks.load(model, **loading)
    segmenters = {
        n: Segmenter(network, scheme="every" if n == 1 else scheme, interval=n, **options)
        for n in dict.fromkeys([1, *sorted(intervals)])
    }
    info, window = _look(segmenters[max(segmenters)], source, max_frames)

    def one(number: int, n: int) -> Round:
        progress(f"round {number} of {rounds}, interval {n}" if number else f"warming up, interval {n}")
        # Two windows compile and allocate everything.
        limit = max_frames if number else min(max_frames or 2 * n + 2, 2 * n + 2)
        return Round(to_files(segmenters[n], source, save, limit), alone(segmenters[n], source, save, limit))

    def one_of_paper(number: int) -> dict[str, float]:
        progress(f"round {number} of {rounds}, the paper's way")
        return paper_lap(network, window)

    runs: dict[Any, Callable[[int], Any]] = {n: partial(one, n=n) for n in segmenters}
    found = in_turns(runs | ({"paper": one_of_paper} if compare_paper else {}), rounds)
    paper = found.pop("paper", [])
    facts: Bench = {
        "what": "bench",
        "command": list(command) if command is not None else None,
        "commit": _commit(),
        "started": begun.isoformat(timespec="seconds"),
        "machine": {**record.machine(), "cores": record.cores()},
        "model": record.model(network),
        "source": {
            "name": Path(info.name).name,
            "size": list(info.size),
            "codec": info.codec,
            "rate": float(info.frame_rate) if info.frame_rate else None,
            "max_frames": max_frames,
        },
        "scheme": scheme,
        "loading": loading,
        "options": options,
        "save": list(save),
        "rounds": rounds,
        "rows": [row(n, of_interval, found[1], record.cores()) for n, of_interval in found.items()],
        "paper": _paper(paper, scheme, list(segmenters)) if compare_paper else None,
        "fresh": None,
    }
    if fresh:
        n = 10 if 10 in segmenters else max(segmenters)
        progress(f"first mask and memory in new processes, interval {n}")
        whole = {"model": model, **loading, **options, "scheme": segmenters[n].method.scheme, "interval": n}
        facts["fresh"] = {"interval": n, **first_mask(source, whole, list(save), max_frames)}
    write_json(out / "bench.json", facts, parents=True)
    return facts


def _look(segmenter: Segmenter, source: str, max_frames: int | None) -> tuple[VideoInfo, list[Frame]]:
    """Return facts of the source and its first frames with motion; raises ``VideoError`` where it cannot be read."""
    with segmenter.open(source, max_frames=max_frames) as video:
        window = list(islice(video, _PAPER_WINDOW))
        if len(window) < 2:
            raise VideoError(f"{source}: {len(window)} frames are too few to measure on; choose a longer video")
        return video.info, window


def _paper(laps: Sequence[Mapping[str, float]], scheme: str, intervals: Sequence[int]) -> PaperTimes:
    parts = {name: float(np.median([lap[name] for lap in laps])) for name in laps[0]}
    return {
        "ms": parts,
        "between_ms": between_ms(parts, scheme),
        "model_speed_up": {str(n): speed_up(parts, scheme, n) for n in intervals},
    }


def _commit() -> str | None:
    """Return the commit of this program's source, None where it was not run from a git checkout."""
    try:
        folder = Path(__file__).parent
        tracked = subprocess.run(
            ["git", "ls-files", "--error-unmatch", __file__], cwd=folder, capture_output=True, check=False
        )
        if tracked.returncode:
            return None
        head = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):  # no git
        return None
    return head.stdout.strip()
