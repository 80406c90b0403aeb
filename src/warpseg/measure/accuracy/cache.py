"""Results on disk: kept when a clip, or a stretch of it, is done, so that a run can go on later."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warpseg import __version__
from warpseg.datasets.clip import Clip
from warpseg.engine.method import Method
from warpseg.files import remove, whole
from warpseg.measure.accuracy.results import Scores
from warpseg.measure.accuracy.results_adaptive import UnevenScores

__all__ = ["Result", "Store", "joined"]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a setting reached on one clip."""

    scores: Scores | UnevenScores  # the latter where the keyframes come as they are needed
    steady: NDArray[np.int64]  # (frames, 2): pixels that move with the picture, pixels compared
    classes: tuple[str, ...]


def joined(pieces: Sequence[Result]) -> Result:
    """Return the result of a clip that was scored in stretches, in order."""
    scores = [piece.scores for piece in pieces if isinstance(piece.scores, Scores)]
    return Result(
        Scores(tuple(i for one in scores for i in one.frames), np.concatenate([one.matrices for one in scores], 1)),
        np.concatenate([piece.steady for piece in pieces]),
        pieces[0].classes,
    )


class Store:
    """Results on disk, found again only by the same settings on the same files.

    ``facts`` are all that results depend on beside clip and setting: the network, what it sees, the margin. A clip's
    ``stretch`` is stored beside it until the whole clip is.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._facts = {"warpseg": __version__, **facts}

    def load(self, clip: Clip, setting: Method, stretch: int | None = None) -> Result | None:
        """Return what was saved, None where nothing (or nothing whole) was."""
        try:
            with np.load(self._path(clip, setting, stretch)) as saved:
                kind: type[Scores | UnevenScores] = UnevenScores if "runs" in saved else Scores
                held = {field.name: saved[field.name] for field in fields(kind)}
                held = {name: value if value.ndim else value.item() for name, value in held.items()}
                scores = kind(**held | {"frames": tuple(held["frames"].tolist())})
                return Result(scores, saved["steady"], tuple(saved["classes"].tolist()))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, clip: Clip, setting: Method, result: Result, stretch: int | None = None) -> None:
        """Write a result; raises ``OutputError`` where it cannot."""
        path = self._path(clip, setting, stretch)
        held = {field.name: getattr(result.scores, field.name) for field in fields(result.scores)}
        with whole(path, parents=True) as part:
            np.savez_compressed(part, **held, steady=result.steady, classes=result.classes)
        if stretch is None:
            for piece in path.parent.glob(f"{path.stem}_*.npz"):
                remove(piece)

    def _path(self, clip: Clip, setting: Method, stretch: int | None) -> Path:
        facts = {**self._facts, **setting.identity(), "clip": clip.fingerprint}
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return self._folder / clip.name / f"{key}{'' if stretch is None else f'_{stretch}'}.npz"
