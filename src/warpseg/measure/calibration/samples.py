"""Samples: short parts of the sources on which methods are scored, spread over all of them."""

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

__all__ = ["GAP", "SPAN", "ClipMaterial", "Material", "Plan", "Sample", "VideoMaterial", "frames_of", "plan"]

SPAN = 10  # frames of a sample; neighbours resemble each other, so that more of them would add little
_SCORED = 4  # of these, targets at most
_LEAD = 12  # frames read before a sample, until vectors can be trusted after a start in mid-stream
GAP = 100  # a seek is worth its cost for gaps of more frames


class Material(Protocol):
    """A source that can be read from any frame on, any number of times."""

    name: str
    labels: Mapping[int, Labels] | None  # by frame number; None: the network's own results are used

    def count(self) -> int:
        """Return the number of frames; an estimate will do."""

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
        """Return the number that the container states; count where it states none."""
        with open_pictures(self._source) as pictures:
            self._rate = pictures.info.frame_rate
            return pictures.info.frame_count or sum(1 for _ in pictures)

    def start(self, first: int) -> Iterator[Frame]:
        """Yield frames from ``first`` or earlier."""
        back = _LEAD
        while True:
            # The time of a frame is a guess where the rate varies: start further back until it is early enough.
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
    """A clip of a data set."""

    def __init__(self, clip: Clip, motion: str, classes: int | None, flow_weights: Path | None = None) -> None:
        """Take a clip, with labels of ``classes`` classes; None: without labels."""
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
class Sample:
    """Up to ``SPAN`` frames of a source from ``first`` on, of which ``targets`` (frame numbers) are scored."""

    source: int
    first: int
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Samples, and the largest interval that can be scored on them."""

    samples: tuple[Sample, ...]
    limit: int


def plan(sources: Sequence[tuple[int, Sequence[int] | None]], windows: int, max_interval: int, seed: int = 0) -> Plan:
    """Spread samples over the sources.

    The largest interval is such that half of the possible targets have whole windows on both sides. Targets with whole
    windows are cut into parts of ``SPAN`` frames; of these, ``windows`` are drawn, one at random from each of as many
    equal shares (a fixed stride would keep step with the rhythm of coded pictures). All intervals and schemes are
    scored on the same frames.

    Args:
        sources: for each, the number of frames and the numbers of the labelled ones; None: any frame can be a target.
        windows: samples at most.
        max_interval: largest interval at most.
        seed: of the random draw.
    """
    frames = [np.arange(count) if labelled is None else np.asarray(labelled, int) for count, labelled in sources]
    sides = [np.minimum(i, count - 1 - i) for i, (count, _) in zip(frames, sources, strict=True)]
    if not sum(map(len, sides)):
        return Plan((), 1)
    margin = int(min(max_interval - 1, np.median(np.concatenate(sides))))
    parts: list[tuple[int, int]] = []  # (source, first frame)
    for number, (i, side) in enumerate(zip(frames, sides, strict=True)):
        starts, counts = np.unique((i[side >= margin] - margin) // SPAN * SPAN + margin, return_counts=True)
        # Where every frame is a target, a shorter part at the end would weigh as much as the others.
        whole = counts == SPAN if sources[number][1] is None else counts > 0
        parts += [(number, int(start)) for start in starts[whole]]
    if len(parts) > windows:
        random = np.random.default_rng(seed)
        at = (np.arange(windows) + random.random(windows)) * (len(parts) / windows)
        parts = [parts[int(k)] for k in at]
    found = []
    for number, first in parts:
        i, side = frames[number], sides[number]
        inside = i[(side >= margin) & (i >= first) & (i < first + SPAN)].tolist()
        found.append(Sample(number, first, tuple(inside[:: -(-len(inside) // _SCORED)])))
    return Plan(tuple(found), margin + 1)


def frames_of(materials: Sequence[Material]) -> list[tuple[int, Sequence[int] | None]]:
    """Return the argument ``sources`` of ``plan``; raises ``VideoError`` where a source has no frames."""
    found: list[tuple[int, Sequence[int] | None]] = []
    for material in materials:
        count = material.count()
        if not count:
            raise VideoError(f"{material.name}: no frames; leave this source out")
        found.append((count, None if material.labels is None else sorted(material.labels)))
    return found
