"""Figure 2: time of an intermediate frame by stage, the paper's way and this program's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from warpseg.core.geometry import follow, warp
from warpseg.datasets.clip import Clip, Dataset
from warpseg.engine.timing import Stages
from warpseg.errors import DatasetError
from warpseg.files import write_json
from warpseg.labels import labels
from warpseg.measure.paper.published import BREAKDOWN_MS
from warpseg.measure.speed.paper_baseline import printed, timed
from warpseg.networks import Network
from warpseg.run import record
from warpseg.types import Frame

__all__ = ["fig2", "text"]

INTERVAL = 5  # of the windows whose intermediate frames are timed
RAFT_FRAMES = 3  # each takes seconds on a CPU
STAGES = ("motion", "warp", "fuse", "head")  # decoding aside, which every way needs
NOTES = (
    "motion: of one frame, to the previous frame (and back, where both keyframes are used); decoding not counted",
    "head, the paper's way: 1x1 convolution, bilinear upsampling of every class, softmax, argmax; this program's: "
    "labels straight from the scores, which are propagated in place of features",
    "RAFT: random weights, for its running time only",
)


def fig2(
    dataset: Dataset,
    network: Network,
    out: Path,
    *,
    motion: str = "auto",
    raft: bool = False,
    rounds: int = 3,
    frames: int = 20,
    progress: Callable[[str], None] = lambda line: None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Time the parts of an intermediate frame and write ``fig2.json``: medians over frames and rounds, in milliseconds.

    ``frames`` of the first clip are read. Raises ``DatasetError`` where it has fewer than a window.
    """
    clip = dataset.clips[0]
    sources: dict[str, tuple[str, Path | None, int]] = {"flow (DIS)": ("flow", None, frames)}
    sources["vectors"] = (motion, None, frames)
    with tempfile.TemporaryDirectory() as folder:
        if raft:
            sources["flow (RAFT)"] = ("flow", _random_raft(Path(folder)), RAFT_FRAMES)
        laps: list[dict[str, dict[str, float]]] = []
        for lap in range(rounds + 1):
            progress(f"fig2, round {lap} of {rounds}" if lap else "fig2, warming up")
            found = _lap(clip, network, sources)
            if lap:
                laps.append(found)
    rows = {
        way: {stage: float(np.median([lap[way][stage] for lap in laps])) for stage in laps[0][way]} for way in laps[0]
    }
    for row in rows.values():
        row["all"] = sum(row[stage] for stage in STAGES if stage in row)
    facts = {
        "what": "fig2",
        "command": list(command) if command is not None else None,
        "dataset": {"name": dataset.name, "clip": clip.name, "encoding": dataset.encoding},
        "model": {"name": network.name, "device": str(network.device), "sha256": network.checksum},
        "machine": record.machine(),
        "interval": INTERVAL,
        "frames": frames,
        "rounds": rounds,
        "notes": NOTES,
        "ms": rows,
        "paper_ms": BREAKDOWN_MS,
    }
    write_json(out / "fig2.json", facts, parents=True)
    return facts


def text(facts: dict[str, Any]) -> str:
    """Return the breakdown in Markdown."""
    lines = ["milliseconds of an intermediate frame", "", f"| | {' | '.join([*STAGES, 'all'])} |", "|---" * 6 + "|"]
    for way, row in facts["ms"].items():
        if "network" in row:
            lines.append(f"| {way} |{' |' * len(STAGES)} {row['network']:.1f} |")
        else:
            cells = [f"{row[stage]:.1f}" if stage in row else "" for stage in (*STAGES, "all")]
            lines.append(f"| {way} | {' | '.join(cells)} |")
    lines += [
        "",
        "The paper's (Tesla K80): " + ", ".join(f"{name} {value:.0f} ms" for name, value in BREAKDOWN_MS.items()),
    ]
    return "\n".join([*lines, "", *(f"- {note}" for note in facts["notes"])])


def _lap(clip: Clip, network: Network, sources: dict[str, tuple[str, Path | None, int]]) -> dict[str, dict[str, float]]:
    motion_ms: dict[str, float] = {}
    reverse_ms = 0.0
    read: list[Frame] = []
    for name, (motion, weights, count) in sources.items():
        stages, frames = Stages(), []
        for frame in clip.frames(motion, flow_weights=weights, stages=stages, decoded=True):
            frames.append(frame)
            if len(frames) == count:
                break
        if len(frames) <= (INTERVAL if name == "vectors" else 1):
            raise DatasetError(
                f"{clip.name}: {len(frames)} frames are too few to time a window of {INTERVAL}; choose a longer clip"
            )
        # The first frame has no motion.
        motion_ms[name] = 1000 * stages.seconds["motion"] / (len(frames) - 1)
        if name == "vectors":
            before = stages.seconds["motion"]
            for frame in frames[1:]:
                _ = frame.reverse
            reverse_ms = 1000 * (stages.seconds["motion"] - before) / (len(frames) - 1)
            read = frames
    window = read[1 : INTERVAL + 1]
    pixels = window[0].pixels  # converted before the clock starts
    f, network_ms = timed(lambda: network.features(window[0]), network)
    scores, head_ms = timed(lambda: network.task(f), network)
    size = pixels.shape[:2]
    as_printed = printed(network, f, window, (size[0], size[1]))
    ours = _ours(scores, window, (size[0], size[1]))
    found = {"network, for comparison": {"network": network_ms + head_ms}}
    for name, spent in motion_ms.items():
        found[f"propagation as printed, {name}"] = {"motion": spent, **as_printed}
    found["propagation, ours"] = {"motion": motion_ms["vectors"], "warp": ours["warp"], "head": ours["head"]}
    both = {"motion": motion_ms["vectors"] + reverse_ms, "warp": 2 * ours["warp"], "fuse": ours["fuse"]}
    found["interpolation, ours"] = both | {"head": ours["head"]}
    return found


def _ours(scores: Tensor, window: Sequence[Frame], size: tuple[int, int]) -> dict[str, float]:
    """Time what the segmenter does for a linear head."""
    warps, fusions, heads = [], [], []
    grid = (scores.shape[-2], scores.shape[-1])
    for p in range(1, len(window)):
        since_key = [frame.motion for frame in reversed(window[1 : p + 1])]
        moved, spent = timed(lambda m=since_key: warp(scores, follow(m, grid)))  # type: ignore[misc]
        warps.append(spent)
        fusions.append(timed(lambda moved=moved: torch.lerp(scores, moved, 0.5))[1])  # type: ignore[misc]
        heads.append(timed(lambda moved=moved: labels(moved, size))[1])  # type: ignore[misc]
    return {name: float(np.median(values)) for name, values in (("warp", warps), ("fuse", fusions), ("head", heads))}


def _random_raft(folder: Path) -> Path:
    from torchvision.models.optical_flow import raft_large

    path = folder / "raft.pth"
    torch.save(raft_large(weights=None).state_dict(), path)
    return path
