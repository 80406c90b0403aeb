"""Which frames are looked at: short excerpts spread over the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from warpseg.datasets.clip import Clip, Labels
from warpseg.engine.source import open_video
from warpseg.errors import VideoError
from warpseg.types import Frame
from warpseg.video import open_pictures

__all__ = ["GAP", "SPAN", "ClipMaterial", "Excerpt", "Material", "Plan", "VideoMaterial", "known", "plan"]

SPAN = 10  # frames an excerpt is judged on or among; neighbours resemble each other, so more of them tell little
_JUDGED = 4  # of these, at most
_LEAD = 12  # frames read before an excerpt, until vectors can be trusted after a start in mid-stream
GAP = 100  # frames that are rather read than sought past


class Material(Protocol):
    """A source that can be read from any frame on, as often as needed."""

    name: str
    labels: Mapping[int, Labels] | None  # by frame number; None: the network's own labels stand for them

    def count(self) -> int:
        """Return how many frames there are; an estimate will do."""

    def start(self, first: int) -> Iterator[Frame]:
        """Yield frames, numbered in the source, from number ``first`` or from one before it."""


class VideoMaterial:
    """A video without labels, by path or URL."""

    labels: Mapping[int, Labels] | None = None

    def __init__(self, source: str, motion: str, flow_weights: Path | None = None) -> None:
        self.name = Path(source).name or source
        self._source, self._motion, self._flow_weights = source, motion, flow_weights
        self._rate: Fraction | None = None

    def count(self) -> int:
        """Return the container's claim, or count."""
        with open_pictures(self._source) as pictures:
            self._rate = pictures.info.frame_rate
            return pictures.info.frame_count or sum(1 for _ in pictures)

    def start(self, first: int) -> Iterator[Frame]:
        """Yield frames from ``first`` or earlier."""
        back = _LEAD
        while True:
            # Rate times number is a guess where the rate varies: try further back until it was early enough.
            at = max(0, first - back) / self._rate if self._rate else 0
            with open_video(
                self._source, start=float(at) or None, motion=self._motion, flow_weights=self._flow_weights
            ) as video:
                frame = next(video, None)
                if frame is None or frame.index <= first or not at:
                    if frame is not None:
                        yield frame
                        yield from video
                    return
            back *= 4


class ClipMaterial:
    """A clip of a dataset."""

    def __init__(self, clip: Clip, motion: str, classes: int | None, flow_weights: Path | None = None) -> None:
        """Take a clip, with labels of ``classes`` classes; None: without."""
        self.name = clip.name
        self._clip, self._motion, self._flow_weights = clip, motion, flow_weights
        self.labels: Mapping[int, Labels] | None = None
        if classes is not None:
            frames = clip.frames("none")
            self.labels = clip.labels.checked(classes, next(frames).size)

    def count(self) -> int:
        """Count the frames."""
        return self._clip.count()

    def start(self, first: int) -> Iterator[Frame]:
        """Yield all frames: clips are short."""
        return self._clip.frames(self._motion, flow_weights=self._flow_weights)


@dataclass(frozen=True)
class Excerpt:
    """Up to ``SPAN`` frames of a source from ``first`` on, of which ``targets`` (frame numbers) are judged."""

    source: int
    first: int
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What is looked at, and the largest interval that can be judged on it."""

    excerpts: tuple[Excerpt, ...]
    limit: int


def plan(sources: Sequence[tuple[int, Sequence[int] | None]], windows: int, max_interval: int, seed: int = 0) -> Plan:
    """Spread excerpts over sources, given as (frames, numbers of the labelled ones; None: any frame can be judged).

    The largest interval is at most ``max_interval`` and such that half of the frames that can be judged have whole
    windows on both sides of them. All the frames that have are cut into stretches of ``SPAN``; of these, ``windows``
    are drawn, one at random from each of as many equal shares (a fixed stride would beat with the rhythm of coded
    pictures). Intervals and schemes are all judged on the same frames.
    """
    frames = [np.arange(count) if labelled is None else np.asarray(labelled, int) for count, labelled in sources]
    sides = [np.minimum(i, count - 1 - i) for i, (count, _) in zip(frames, sources, strict=True)]
    if not sum(map(len, sides)):
        return Plan((), 1)
    margin = int(min(max_interval - 1, np.median(np.concatenate(sides))))
    stretches: list[tuple[int, int]] = []  # (source, first frame)
    for number, (i, side) in enumerate(zip(frames, sides, strict=True)):
        starts, counts = np.unique((i[side >= margin] - margin) // SPAN * SPAN + margin, return_counts=True)
        # Of frames that are all judged, a rest at the end would weigh as much as the others.
        whole = counts == SPAN if sources[number][1] is None else counts > 0
        stretches += [(number, int(start)) for start in starts[whole]]
    if len(stretches) > windows:
        random = np.random.default_rng(seed)
        at = (np.arange(windows) + random.random(windows)) * (len(stretches) / windows)
        stretches = [stretches[int(k)] for k in at]
    found = []
    for number, first in stretches:
        i, side = frames[number], sides[number]
        inside = i[(side >= margin) & (i >= first) & (i < first + SPAN)].tolist()
        found.append(Excerpt(number, first, tuple(inside[:: -(-len(inside) // _JUDGED)])))
    return Plan(tuple(found), margin + 1)


def known(materials: Sequence[Material]) -> list[tuple[int, Sequence[int] | None]]:
    """Return what ``plan`` needs to know of each; raises ``VideoError`` where one has no frames."""
    found: list[tuple[int, Sequence[int] | None]] = []
    for material in materials:
        count = material.count()
        if not count:
            raise VideoError(f"{material.name}: no frames")
        found.append((count, None if material.labels is None else sorted(material.labels)))
    return found
