"""Agreement of two runs over the same video: labels, settings that differ, speed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg.errors import WarpsegError
from warpseg.run.folder import Run
from warpseg.run.stages import milliseconds
from warpseg.view.sampling import Runs
from warpseg.view.timeline import Timeline

__all__ = ["Comparison", "Shared", "compare", "pairs"]

_PLACES = 32  # parts of the video of which the worst frame is kept
_MEASURED = {  # facts that are results, not settings
    "complete", "error", "command", "started", "saved", "frames", "keyframes", "scene_cuts", "seconds",
    "frames_per_second", "speed_up_over_every_frame", "substituted", "delay.ms",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Shared:
    """A frame in both runs."""

    position: int  # of the frame among A's
    milliseconds: int
    a: NDArray[Any]  # (height, width) labels
    b: NDArray[Any]


@dataclass(frozen=True)
class Place:
    """A frame with the share of its pixels that agree."""

    agreement: float
    position: int  # among A's frames
    index: int  # its number in the source


def _worse(a: Place, b: Place) -> Place:
    return b if b.agreement < a.agreement else a


@dataclass(eq=False)
class Comparison:
    """Comparison of runs A and B: agreement of their labels with each other, not with true labels."""

    a: Run
    b: Run
    counts: NDArray[np.int64]  # pixels by (A's class, B's class); the last row and column: unknown
    through_time: Timeline = field(default_factory=Timeline)  # share of pixels that agree
    parts: Runs[Place] = field(default_factory=lambda: Runs(_PLACES, _worse))
    alone: tuple[int, int] = (0, 0)  # frames in A only, in B only

    @property
    def frames(self) -> int:
        """Frames that were compared."""
        return len(self.through_time)

    @property
    def agreement(self) -> float | None:
        """Share of all pixels with the same label; pixels that are unknown in both runs are not counted."""
        known = int(self.counts.sum() - self.counts[-1, -1])
        return int(np.trace(self.counts[:-1, :-1])) / known if known else None

    @cached_property
    def by_class(self) -> list[float | None]:
        """IoU of each class between the runs; None for a class in neither."""
        both = np.diag(self.counts)[:-1]
        either = self.counts.sum(1)[:-1] + self.counts.sum(0)[:-1] - both
        return [int(i) / int(u) if u else None for i, u in zip(both, either, strict=True)]

    @property
    def mean_iou(self) -> float | None:
        """Mean of ``by_class`` over the classes that occur."""
        there = [value for value in self.by_class if value is not None]
        return sum(there) / len(there) if there else None

    @property
    def places(self) -> list[Place]:
        """The frame with the least agreement of each part of the video, in order."""
        return self.parts.items

    @property
    def worst(self) -> Place:
        """The frame with the least agreement."""
        return min(self.places, key=lambda place: place.agreement)

    def settings(self) -> list[tuple[str, Any, Any]]:
        """Return (name, A's value, B's value) of settings that differ."""
        a, b = _flat(self.a.facts), _flat(self.b.facts)
        measured = ("seconds_by_stage.", "motion.frames.")
        names = [name for name in a | b if name not in _MEASURED and not name.startswith(measured)]
        return [(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)]

    def notes(self) -> list[str]:
        """Return notes on the numbers, one line each."""
        lines = [f"{run.folder}: the run is not complete" for run in (self.a, self.b) if not run.facts.get("complete")]
        for run, count in zip((self.a, self.b), self.alone, strict=True):
            if count:
                lines.append(f"{count} frames are in {run.folder} only and are not compared")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, for programs."""
        names = self.a.classes.names
        return {
            "a": str(self.a.folder),
            "b": str(self.b.folder),
            "settings": {name: [a, b] for name, a, b in self.settings()},
            "frames_per_second": [run.facts.get("frames_per_second") for run in (self.a, self.b)],
            "ms_by_stage": [milliseconds(run.facts) for run in (self.a, self.b)],
            "frames": self.frames,
            "agreement": self.agreement,
            "mean_iou": self.mean_iou,
            "iou_by_class": dict(zip(names, self.by_class, strict=True)),
            "worst": {"frame": self.worst.index, "agreement": self.worst.agreement},
            "notes": self.notes(),
        }


def compare(a: Run, b: Run) -> Comparison:
    """Compare the labels of two runs, frame by frame, in constant memory.

    Raises ``WarpsegError`` where their classes or sizes differ, or no frame is in both.
    """
    if len(a.classes) != len(b.classes):
        raise WarpsegError(
            f"{a.folder} has {len(a.classes)} classes, {b.folder} {len(b.classes)}; compare runs of the same classes"
        )
    if a.named and b.named and a.classes.names != b.classes.names:
        k = next(k for k, (x, y) in enumerate(zip(a.classes.names, b.classes.names, strict=True)) if x != y)
        raise WarpsegError(
            f"class {k} is {a.classes.names[k]} in {a.folder}, {b.classes.names[k]} in {b.folder}; "
            "compare runs of the same classes"
        )
    if b.named and not a.named:
        a = Run(a.folder, a.facts, b.classes, True)
    n = len(a.classes)
    found = Comparison(a, b, np.zeros((n + 1, n + 1), np.int64))
    numbers = a.numbers()
    for shared, alone in pairs(a, b):
        found.alone = alone
        if shared is None:
            continue
        counts = _count(shared, n)
        found.counts += counts
        known = int(counts.sum() - counts[-1, -1])
        agreement = int(np.trace(counts[:-1, :-1])) / known if known else 1.0
        index = numbers[shared.position] if numbers and shared.position < len(numbers) else shared.position
        found.parts.add(Place(agreement, shared.position, index))
        found.through_time.add(index, [agreement])
    if not found.frames:
        raise WarpsegError(f"{a.folder} and {b.folder} have no frame of the same time; compare runs over one video")
    return found


def pairs(a: Run, b: Run) -> Iterator[tuple[Shared | None, tuple[int, int]]]:
    """Yield the frames of the same time in both masks, then None, each with the frames so far in A only and B only.

    Raises ``WarpsegError`` where the pictures' sizes differ.
    """
    ours, theirs = enumerate(a.masks()), b.masks()
    alone = [0, 0]
    mine, other = next(ours, None), next(theirs, None)
    while mine is not None and other is not None:
        position, (time, labels) = mine
        if labels.shape != other[1].shape:
            sizes = [f"{one.shape[1]}x{one.shape[0]}" for one in (labels, other[1])]
            raise WarpsegError(f"{a.folder} is {sizes[0]}, {b.folder} {sizes[1]}; compare runs over one video")
        if time == other[0]:
            yield Shared(position, time, labels, other[1]), (alone[0], alone[1])
        alone[0] += time < other[0]
        alone[1] += time > other[0]
        behind = time - other[0]
        if behind <= 0:
            mine = next(ours, None)
        if behind >= 0:
            other = next(theirs, None)
    while mine is not None:
        alone[0], mine = alone[0] + 1, next(ours, None)
    while other is not None:
        alone[1], other = alone[1] + 1, next(theirs, None)
    yield None, (alone[0], alone[1])


def _count(shared: Shared, n: int) -> NDArray[np.int64]:
    a, b = (np.minimum(labels, n).astype(np.int32) for labels in (shared.a, shared.b))
    return np.bincount((a * (n + 1) + b).ravel(), minlength=(n + 1) ** 2).reshape(n + 1, n + 1)


def _flat(facts: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in facts.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found
