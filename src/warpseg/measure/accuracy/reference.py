"""Reference: the targets of a clip, their labels, and a network that runs only once on each frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.datasets.clip import Clip, Dataset, LabelFiles, Labels
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.errors import DatasetError
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.networks import Network
from warpseg.types import Classes, Frame

__all__ = ["ClipReference"]


class ClipReference:
    """A clip's targets and their labels, and a network that remembers its maps of the clip.

    The network runs once on each frame for each kind of map that is propagated: scores, features, maps that a
    convolutional fusion is folded into.
    """

    def __init__(self, clip: Clip, dataset: Dataset, network: Network) -> None:
        self._clip, self._dataset, self._network = clip, dataset, network
        self._every = Segmenter(network, method=EVERY)
        self._runs: dict[object, Remembering] = {}
        self._classes: Classes | None = None
        self._labels: LabelFiles | None = None

    def targets(self, margin: int) -> list[int]:
        """Return the numbers of the frames that are scored: labelled ones with ``margin`` frames on either side.

        Where there are no labels at all, every frame counts as labelled. Raises ``DatasetError`` for too few frames and
        for labels of missing frames.
        """
        clip, count = self._clip, self._clip.count()
        if not count:
            raise DatasetError(f"{clip.name}: no frames; remove the clip from the data")
        labelled = list(clip.labels) if self._dataset.is_labelled else list(range(count))
        last = max(labelled, default=-1)
        if last >= count:
            raise DatasetError(f"{clip.labels.paths[last]}: label of frame {last}; the last frame is {count - 1}")
        found = [i for i in labelled if margin <= i < count - margin]
        if not found:
            raise DatasetError(
                f"{clip.name}: no labelled frame has {margin} frames on either side: {count} frames, {len(labelled)} "
                f"of them labelled, are too few for interval {margin + 1}; choose a smaller one"
            )
        return found

    def classes(self, frame: Frame) -> Classes:
        """Return the classes that are scored, the data set's or else the network's; any ``frame`` will do.

        Raises ``DatasetError`` for a network with other classes.
        """
        if self._classes is None:
            runs = self._remembering(EVERY, self._every)
            self._classes = _classes(self._dataset, self._network, len(runs.task(runs.features(frame))))
        return self._classes

    def split(self, setting: Method, segmenter: Segmenter, frame: Frame) -> SplitNetwork:
        """Return the network for ``Segmenter.estimates``: it remembers its maps and has the scored classes only."""
        return _Within(self._remembering(setting, segmenter), len(self.classes(frame)))

    def estimate(self, frame: Frame) -> Estimate:
        """Return the network's own result for a frame."""
        network = self.split(EVERY, self._every, frame)
        return Estimate(frame, 0, network.task(network.features(frame)))

    def truth(self, frame: Frame) -> Labels:
        """Return the labels of a target (height, width): true ones, or the network's own where there are none at all.

        Raises ``DatasetError``, which names the file, for labels that do not fit.
        """
        classes = self.classes(frame)
        if not self._dataset.is_labelled:
            return Segmentation(self.estimate(frame), classes).labels()
        if self._labels is None:
            self._labels = self._clip.labels.checked(len(classes), frame.size)
        return self._labels[frame.index]

    def forget(self, before: int) -> None:
        """Drop the maps of frames that come before number ``before``."""
        for runs in self._runs.values():
            runs.forget(before)

    def _remembering(self, setting: Method, segmenter: Segmenter) -> Remembering:
        weights = setting.fusion_weights if setting.interpolates else None
        key = (type(segmenter.representation.network), weights)
        if key not in self._runs:
            self._runs[key] = Remembering(segmenter.representation.network)
        return self._runs[key]


@dataclass(frozen=True)
class _Within:
    """A network reduced to its first classes: those of the labels."""

    network: SplitNetwork
    count: int

    def features(self, frame: Frame) -> Tensor:
        return self.network.features(frame)

    def task(self, f: Tensor) -> Tensor:
        return self.network.task(f)[: self.count]


def _classes(dataset: Dataset, network: Network, count: int) -> Classes:
    known = network.classes or Classes.numbered(count)
    if dataset.classes is None:
        return known
    wanted = len(dataset.classes)
    names = known.names[:wanted] if network.classes else dataset.classes
    if count < wanted or names != dataset.classes:
        whose = ", ".join(names[:3])
        raise DatasetError(
            f"{network.name} has {count} classes ({whose}, ...), {dataset.name} {wanted} "
            f"({', '.join(dataset.classes[:3])}, ...): give a network with the same classes in the same order"
        )
    return Classes(names, known.colours[:wanted])
