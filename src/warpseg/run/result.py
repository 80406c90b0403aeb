"""Result: the report of a run, and ``run.json``, which holds it next to the outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import torch

from warpseg.engine.segmenter import Running, Segmenter
from warpseg.files import write_json
from warpseg.run.record import model, versions
from warpseg.run.run_json import RunFacts
from warpseg.types import Classes

__all__ = ["Report", "once", "write_run"]


@dataclass
class Report:
    """The result of one source; ``run.json`` holds the same.

    Attributes:
        source: its name, as given.
        folder: where the outputs are.
        frames: frames written so far.
        keyframes: of these, the ones that the network ran on.
        seconds: wall time from opening to the last output closed.
        stages: seconds by stage; stages overlap, so the sum may exceed ``seconds``.
        network_alone: seconds that the keyframes would have taken with nothing else going on.
        needed_anyway: seconds of decoding, labels and writing that no overlap would have hidden.
        warnings: assumptions and substitutions, one line each.
        logged: those among the warnings that were logged at once.
        complete: True once all frames are in all outputs.
        error: what ended the run early, None where nothing did.

    Examples:
        >>> Report("drive.mp4", Path("results/drive"), frames=50, keyframes=10, seconds=2.0).frames_per_second
        25.0
    """

    source: str
    folder: Path
    frames: int = 0
    keyframes: int = 0
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    network_alone: float = 0.0
    needed_anyway: float = 0.0
    warnings: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    complete: bool = False
    error: str | None = None

    @property
    def frames_per_second(self) -> float:
        """Frames a second, end to end."""
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def speed_up(self) -> float | None:
        """Estimated speed-up over the network on every frame; None where it ran on every frame.

        The network's time alone, scaled to all frames, and decoding, labels and writing, over the time of this run.
        """
        if self.keyframes in (0, self.frames) or not self.seconds or not self.network_alone:
            return None
        return (self.network_alone / self.keyframes * self.frames + self.needed_anyway) / self.seconds


def once(lines: Sequence[str]) -> list[str]:
    """Drop repeats: the same note about several outputs (``overlay.mp4: ...``, ``masks.mkv: ...``) is kept once."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(line.partition(": ")[2] or line, line)
    return list(kept.values())


def write_run(
    report: Report,
    segmenter: Segmenter,
    run: Running,
    begun: datetime,
    saved: Sequence[str],
    classes: Classes | None,
    *,
    command: Sequence[str] | None = None,
    profile: Mapping[str, Any] | None = None,
) -> RunFacts:
    """Write ``run.json`` into the report's folder and return what it holds; raises ``OutputError`` where it cannot."""
    video, pipeline = run.video, run.pipeline
    rate = video.info.frame_rate
    facts = {
        "complete": report.complete,
        "error": report.error if report.error or report.complete else "not finished: still running, or killed",
        "command": list(command) if command is not None else None,
        "started": begun.isoformat(timespec="seconds"),
        "source": report.source,
        "video": {
            key: str(value) if isinstance(value, Fraction) else value for key, value in asdict(video.info).items()
        },
        "model": {
            **model(segmenter.network),
            "autocast": segmenter.network.autocast,
            "compiled": segmenter.network.compiled,
            "classes": len(classes) if classes else None,
            "short_side": segmenter.network.short_side,  # pictures are scaled to this range for the network
            "imgsz": segmenter.network.imgsz,  # or all of them to this
        },
        "profile": dict(profile) if profile is not None else None,
        **segmenter.facts(),
        "pipeline": {
            "networks": pipeline.workers,
            "torch_threads_each": pipeline.torch_threads,
            "batch": run.bounds.batch,
            "frames_waiting_at_most": run.bounds.frames,
        },
        "saved": list(saved),
        "frames": report.frames,
        "keyframes": report.keyframes,
        "delay": {"frames": segmenter.delay, "ms": round(float(1000 * segmenter.delay / rate), 1) if rate else None},
        "motion": {"asked": segmenter.method.needs_motion, "chosen": video.decision, "frames": dict(video.motion)},
        "scene_cuts": video.cuts,
        "seconds": round(report.seconds, 3),
        "seconds_by_stage": {stage: round(spent, 3) for stage, spent in report.stages.items()},
        "frames_per_second": round(report.frames_per_second, 2),
        "speed_up_over_every_frame": round(report.speed_up, 2) if report.speed_up else None,
        "substituted": report.warnings,
        "versions": versions(),
        "threads": torch.get_num_threads(),
    }
    write_json(report.folder / "run.json", facts, indent=2)
    return cast(RunFacts, facts)
