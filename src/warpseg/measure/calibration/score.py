"""Score: methods on samples by the protocol of ``evaluate``; the network runs once on each frame for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from warpseg.classes import IGNORE
from warpseg.core.schemes import Estimate
from warpseg.engine.method import Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.errors import WarpsegError
from warpseg.measure.accuracy.chunks import Reader
from warpseg.measure.accuracy.metrics import Matrix
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.measure.calibration.bootstrap import FEWEST, lower_bound, worst_sample
from warpseg.measure.calibration.map_files import MapFiles
from warpseg.measure.calibration.samples import GAP, SPAN, Material, Plan, Sample
from warpseg.measure.calibration.search import Row
from warpseg.measure.calibration.targets import Measure, by_distance, worst
from warpseg.networks import Network
from warpseg.types import Classes, Frame

__all__ = ["SampleScorer"]


class SampleScorer:
    """Scores methods on the samples of a plan; a ``search.Scorer``.

    Memory holds one sample at a time and the confusion matrices; ``folder`` holds the network's maps. ``level`` is the
    confidence of each single bound.
    """

    def __init__(
        self,
        network: Network,
        materials: Sequence[Material],
        chosen: Plan,
        measure: Measure,
        meets: Callable[[float], bool],
        level: float,
        folder: Path,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._network, self._materials, self._plan, self._folder = network, materials, chosen, folder
        self._measure, self._meets, self._level, self._say = measure, meets, level, say
        self._networks: dict[tuple[str, int], tuple[Remembering, MapFiles]] = {}  # by representation and source
        self._classes = network.classes

    @property
    def network_frames(self) -> int:
        """Number of frames that the network has run on."""
        return len({(source, index) for (_, source), (_, maps) in self._networks.items() for index in maps})

    def __call__(self, choices: Sequence[Method], n: int) -> list[Row]:
        """Score methods at one interval; raises ``WarpsegError`` where sources end early and leave too few samples."""
        found, sources = self._score(choices, n)
        if len(sources) < FEWEST:
            raise WarpsegError(f"interval {n}: only {len(sources)} samples could be read; give longer or more sources")
        return [self._row(choice, n, np.stack(each, 1), sources) for choice, each in found.items()]

    def matrices(self, choices: Sequence[Method], n: int) -> dict[Method, Matrix]:
        """Return confusion matrices (n, samples, classes, classes) of methods at one interval."""
        return {choice: np.stack(each, 1) for choice, each in self._score(choices, n)[0].items()}

    def _score(self, choices: Sequence[Method], n: int) -> tuple[dict[Method, list[Matrix]], list[int]]:
        found: dict[Method, list[Matrix]] = {choice: [] for choice in choices}
        used: list[int] = []
        readers = [Reader(material.start, gap=GAP) for material in self._materials]
        for sample in self._plan.samples:
            first, count = sample.first - (n - 1), SPAN + 2 * (n - 1)
            frames = readers[sample.source].read(first, count)
            if not frames or frames[0].index != first or frames[-1].index < max(sample.targets) + n - 1:
                continue  # the container states more frames than there are
            used.append(sample.source)
            for choice in choices:
                found[choice].append(self._matrix(choice, n, sample, frames))
        return found, used

    def _matrix(self, choice: Method, n: int, sample: Sample, frames: Sequence[Frame]) -> Matrix:
        """Return confusion matrices (n, classes, classes) of the sample's targets together."""
        segmenter = Segmenter(self._network, method=replace(choice, interval=n))
        network = self._remembering(segmenter, sample.source)
        labels = self._materials[sample.source].labels
        classes = self._known_classes(network, frames[0])
        if labels is None:
            position = {frame.index: frame for frame in frames}
            shown = {i: Estimate(position[i], 0, network.task(network.features(position[i]))) for i in sample.targets}
            truth = {i: Segmentation(estimate, classes).labels() for i, estimate in shown.items()}
        else:
            truth = {i: labels[i] for i in sample.targets}

        def scheme(frames: Sequence[Frame]) -> Iterator[Estimate]:
            # No further than the keyframe after the last target: later frames are not scored.
            last = (sample.targets[-1] - frames[0].index) // n + 1
            # The schemes as ``segment`` runs them, but on the remembered maps.
            return segmenter.estimates(frames[: last * n + 1], network)

        matrices: Matrix = by_offset(frames, truth, scheme, n, classes).matrices.sum(1)  # type: ignore[arg-type]
        return matrices

    def _remembering(self, segmenter: Segmenter, source: int) -> Remembering:
        name = segmenter.representation.name
        if (name, source) not in self._networks:
            maps = MapFiles(self._folder / name / str(source))
            self._networks[name, source] = Remembering(segmenter.representation.network, maps), maps
        return self._networks[name, source][0]

    def _known_classes(self, network: Remembering, frame: Frame) -> Classes:
        if self._classes is None:
            count = len(network.task(network.features(frame)))
            self._classes = Classes(tuple(f"class {i}" for i in range(count)), ((0, 0, 0),) * count)
        if len(self._classes) > IGNORE:
            raise WarpsegError(
                f"{self._network.name} has {len(self._classes)} classes; choose one with at most {IGNORE}"
            )
        return self._classes

    def _row(self, choice: Method, n: int, matrices: Matrix, sources: Sequence[int]) -> Row:
        values = by_distance(self._measure, matrices.sum(1))
        bound = lower_bound(self._measure, matrices, sources, self._level)
        row = Row(
            choice,
            n,
            tuple(float(value) for value in values),
            float(worst(self._measure, values)),
            bound,
            worst_sample(self._measure, matrices),
            self._meets(bound),
        )
        self._say(f"{choice.label}, interval {n}: worst {100 * row.worst:.1f}, bound {100 * bound:.1f}")
        return row
