"""The settings' confusion matrices on each clip: kept when a clip is done, so that a run can go on later."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from warpseg import __version__
from warpseg.errors import DatasetError, OutputError
from warpseg.evaluate.clip import Clip, Dataset, Labels
from warpseg.evaluate.consistency import Moves, consistency, moves
from warpseg.evaluate.protocol import Remembering, by_offset
from warpseg.evaluate.scores import Scores
from warpseg.evaluate.setting import Setting
from warpseg.networks import Network, ScoreSpace
from warpseg.schemes import Estimate, SplitNetwork
from warpseg.segmentation import Segmentation
from warpseg.source import Motion
from warpseg.types import Classes, Frame

__all__ = ["Export", "Result", "Store", "score_clip"]

# Called with the setting, the clip, the offset from the keyframe, the target's frame number and its labels.
Export = Callable[[Setting, Clip, int, int, NDArray[Any]], None]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a setting reached on one clip."""

    scores: Scores
    steady: NDArray[np.int64]  # (frames, 2): pixels that move with the picture, pixels compared
    classes: tuple[str, ...]


class Store:
    """Results on disk, found again only by the same settings on the same files.

    ``facts`` are all that results depend on beside clip and setting: the network, what it sees, the margin.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._facts = {"warpseg": __version__, **facts}

    def load(self, clip: Clip, setting: Setting) -> Result | None:
        """Return what was saved, None where nothing (or nothing whole) was."""
        try:
            with np.load(self._path(clip, setting)) as saved:
                scores = Scores(tuple(saved["frames"].tolist()), saved["matrices"])
                return Result(scores, saved["steady"], tuple(saved["classes"].tolist()))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, clip: Clip, setting: Setting, result: Result) -> None:
        """Write a clip's result; raises ``OutputError`` where it cannot."""
        path = self._path(clip, setting)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez_compressed(
                    file,
                    frames=result.scores.frames,
                    matrices=result.scores.matrices,
                    steady=result.steady,
                    classes=result.classes,
                )
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error

    def _path(self, clip: Clip, setting: Setting) -> Path:
        facts = {**self._facts, **setting.facts(), "clip": clip.fingerprint}
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return self._folder / clip.name / f"{key}.npz"


def score_clip(
    clip: Clip,
    dataset: Dataset,
    network: Network,
    settings: Sequence[Setting],
    *,
    margin: int,
    export: Export | None = None,
) -> Iterator[tuple[Setting, Result]]:
    """Yield each setting's result on one clip; the network runs once a frame, whatever the number of settings.

    Targets have ``margin`` frames on either side. Raises ``DatasetError`` for labels that do not fit, too few frames,
    and a network of other classes.
    """
    runs: dict[str, Remembering] = {}
    steps: Moves = {}
    # "auto" comes first and always: labels are held to its motion, whatever the setting's own is.
    for motion, flow_weights in dict.fromkeys([("auto", None), *map(_motion, settings)]):
        frames = list(clip.frames(motion, flow_weights=flow_weights))
        if not frames:
            raise DatasetError(f"{clip.name}: no frames")
        if motion == "auto":
            steps = moves(frames)
        for setting in settings:
            if _motion(setting) == (motion, flow_weights):
                space = setting.segmenter(network).space
                if space not in runs:
                    runs[space] = Remembering(network if space == "features" else ScoreSpace(network))
                own = runs[space]
                classes = _classes(dataset, network, len(own.task(own.features(frames[0]))))
                known: SplitNetwork = _Within(own, len(classes))
                truth = _truth(clip, frames, known, classes, dataset.is_labelled)
                watch = partial(export, setting, clip) if export is not None else None
                scheme, n = setting.run(network, known), setting.interval
                try:
                    scores = by_offset(frames, truth, scheme, n, classes, margin=margin, watch=watch)
                except ValueError as error:
                    raise DatasetError(f"{clip.name}: {error}") from error
                if not scores.matrices.any():
                    raise DatasetError(f"{clip.name}: its labels are void throughout; is this an unlabelled split?")
                steady = consistency(_around(frames, scores.frames, margin), scheme, steps, classes)
                yield setting, Result(scores, steady, classes.names)


def _motion(setting: Setting) -> tuple[Motion, Path | None]:
    if setting.scheme == "every":
        return "auto", None
    return setting.motion, setting.flow_weights if setting.motion == "flow" else None


def _around(frames: Sequence[Frame], targets: Sequence[int], margin: int) -> Sequence[Frame]:
    """Return the frames that lie at most ``margin`` from the first and last target."""
    first, last = (next(i for i, frame in enumerate(frames) if frame.index == targets[k]) for k in (0, -1))
    return frames[max(first - margin, 0) : last + margin + 1]


@dataclass(frozen=True)
class _Within:
    """A network of which only the first classes are chosen from: those that labels know."""

    network: SplitNetwork
    count: int

    def features(self, frame: Frame) -> Tensor:
        return self.network.features(frame)

    def task(self, f: Tensor) -> Tensor:
        return self.network.task(f)[: self.count]


class _OwnLabels(Mapping[int, Labels]):
    """What the network itself says frame by frame: the truth that agreement is measured against."""

    def __init__(self, frames: Sequence[Frame], network: SplitNetwork, classes: Classes) -> None:
        self._frames = {frame.index: frame for frame in frames}
        self._network, self._classes = network, classes

    def __getitem__(self, index: int) -> Labels:
        frame = self._frames[index]
        estimate = Estimate(frame, 0, self._network.task(self._network.features(frame)))
        return Segmentation(estimate, self._classes).labels()

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames)

    def __contains__(self, index: object) -> bool:
        return index in self._frames

    def __len__(self) -> int:
        return len(self._frames)


def _truth(
    clip: Clip, frames: Sequence[Frame], network: SplitNetwork, classes: Classes, labelled: bool
) -> Mapping[int, Labels]:
    if not labelled:
        return _OwnLabels(frames, network, classes)
    last = max(clip.labels, default=-1)
    if last > frames[-1].index:
        raise DatasetError(f"{clip.labels.paths[last]}: label of frame {last}; the last frame is {frames[-1].index}")
    return clip.labels.checked(len(classes), frames[0].size)


def _classes(dataset: Dataset, network: Network, count: int) -> Classes:
    """Return the classes that are scored: the dataset's, else the network's."""
    colours = ((0, 0, 0),)
    if dataset.classes is None:
        return network.classes or Classes(tuple(f"class {i}" for i in range(count)), colours * count)
    wanted = len(dataset.classes)
    names = network.classes.names[:wanted] if network.classes else dataset.classes
    if count < wanted or names != dataset.classes:
        whose = ", ".join(names[:3])
        raise DatasetError(
            f"{network.name} has {count} classes ({whose}, ...), {dataset.name} {wanted} "
            f"({', '.join(dataset.classes[:3])}, ...): give a network of the same ones in the same order"
        )
    return Classes(names, network.classes.colours[:wanted] if network.classes else colours * wanted)
