"""Figure 5: frames after a keyframe, propagated by flow and interpolated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.datasets.clip import Dataset
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.errors import DatasetError
from warpseg.files import write_json
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.networks import Network
from warpseg.view.figure import save

__all__ = ["fig5", "text"]

INTERVAL = 7  # the paper's


def fig5(
    dataset: Dataset,
    network: Network,
    out: Path,
    *,
    key: int = 0,
    motion: str = "auto",
    progress: Callable[[str], None] = lambda line: None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Draw ``fig5.png``, the frames after keyframe ``key`` of the first clip, and write ``fig5.json``.

    The latter has each frame's mIoU where the frame is labelled. Raises ``DatasetError`` where the clip ends before the
    next keyframe.
    """
    clip = dataset.clips[0]
    ways = {
        "frame by frame": EVERY,
        "prop-flow (DIS)": Method("propagate", INTERVAL, motion="flow", propagation="chained"),
        "interp": Method(
            "interpolate", INTERVAL, motion=motion, propagation="chained", reverse="negated", fusion="average"
        ),
        "ours": Method("interpolate", INTERVAL, motion=motion),
    }  # fmt: skip
    pictures: list[NDArray[np.uint8]] = []
    found: dict[str, list[Segmentation]] = {}
    for name, setting in ways.items():
        progress(f"fig5: {name}")
        segmenter = Segmenter(network, method=setting)
        frames = list(islice(clip.frames(setting.motion), key, key + INTERVAL + 1))
        if len(frames) <= INTERVAL:
            raise DatasetError(
                f"{clip.name}: ends before frame {key + INTERVAL}, the keyframe after {key}; choose --key"
            )
        pictures = pictures or [frame.pixels for frame in frames]
        found[name] = [*segmenter.segment(frames)][:INTERVAL]
    facts = {
        "what": "fig5",
        "command": list(command) if command is not None else None,
        "dataset": {"name": dataset.name, "clip": clip.name, "encoding": dataset.encoding},
        "model": {"name": network.name, "sha256": network.checksum},
        "interval": INTERVAL,
        "key": key,
        "miou": {name: [_score(result, dataset) for result in results] for name, results in found.items()},
    }
    write_json(out / "fig5.json", facts, parents=True)
    _draw(pictures[:INTERVAL], found, facts, out / "fig5.png")
    return facts


def text(facts: dict[str, Any]) -> str:
    """Return each frame's mIoU in Markdown."""
    head = " | ".join(f"k + {p}" for p in range(facts["interval"]))
    lines = [f"| mIoU of frame | {head} |", "|---" * (facts["interval"] + 1) + "|"]
    for name, values in facts["miou"].items():
        lines.append(f"| {name} | {' | '.join('' if value is None else f'{value:.1f}' for value in values)} |")
    return "\n".join(lines)


def _score(result: Segmentation, dataset: Dataset) -> float | None:
    labels, count = dataset.clips[0].labels, len(result.classes)
    if result.frame.index not in labels:
        return None
    truth = labels.checked(count, result.frame.size)[result.frame.index]
    value = float(mean_iou(confusion(truth, result.labels(), count)))
    return None if np.isnan(value) else 100 * value


def _draw(
    pictures: Sequence[NDArray[np.uint8]], found: dict[str, list[Segmentation]], facts: dict[str, Any], path: Path
) -> None:
    from matplotlib.figure import Figure

    rows = ["input", *found]
    height, width = pictures[0].shape[:2]
    figure = Figure(figsize=(2 * INTERVAL + 0.3, (2 * height / width + 0.12) * len(rows) + 0.4), layout="constrained")
    grid = figure.subplots(len(rows), INTERVAL)
    for r, name in enumerate(rows):
        for p in range(INTERVAL):
            axes = grid[r][p]
            axes.set(xticks=[], yticks=[])
            if r == 0:
                axes.imshow(pictures[p])
                axes.set_title(f"k + {p}" if p else "k", fontsize=9)
            else:
                result = found[name][p]
                colours = np.array(result.classes.colours, np.uint8)
                axes.imshow(colours[result.labels()])
                value = facts["miou"][name][p]
                if value is not None:
                    axes.set_xlabel(f"{value:.1f}", fontsize=8, labelpad=1)
            if p == 0:
                axes.set_ylabel(name, fontsize=9)
    save(figure, path)
