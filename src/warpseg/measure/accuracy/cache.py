"""Cache: results of finished clips and chunks on disk, so that an interrupted evaluation can continue."""

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
from warpseg.measure.accuracy.results_adaptive import AdaptiveScores

__all__ = ["Result", "ResultCache", "joined"]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Result of a method on one clip."""

    scores: Scores | AdaptiveScores  # the latter for the interval ``auto``
    consistency: NDArray[np.int64]  # (frames, 2): pixels with a consistent label, pixels compared
    classes: tuple[str, ...]


def joined(pieces: Sequence[Result]) -> Result:
    """Return the result of a clip that was scored in chunks, in order."""
    scores = [piece.scores for piece in pieces if isinstance(piece.scores, Scores)]
    return Result(
        Scores(tuple(i for one in scores for i in one.frames), np.concatenate([one.matrices for one in scores], 1)),
        np.concatenate([piece.consistency for piece in pieces]),
        pieces[0].classes,
    )


class ResultCache:
    """Results on disk, found again only by the same methods on the same files.

    ``facts`` are everything else that results depend on: the network, its input, the margin. Results of a clip's
    chunks are kept until the whole clip is finished.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._facts = {"warpseg": __version__, **facts}

    def load(self, clip: Clip, setting: Method, chunk: int | None = None) -> Result | None:
        """Return a saved result, None where there is no readable one."""
        try:
            with np.load(self._path(clip, setting, chunk)) as saved:
                kind: type[Scores | AdaptiveScores] = AdaptiveScores if "runs" in saved else Scores
                held = {field.name: saved[field.name] for field in fields(kind)}
                held = {name: value if value.ndim else value.item() for name, value in held.items()}
                scores = kind(**held | {"frames": tuple(held["frames"].tolist())})
                return Result(scores, saved["steady"], tuple(saved["classes"].tolist()))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, clip: Clip, setting: Method, result: Result, chunk: int | None = None) -> None:
        """Write a result; raises ``OutputError``."""
        path = self._path(clip, setting, chunk)
        held = {field.name: getattr(result.scores, field.name) for field in fields(result.scores)}
        with whole(path, parents=True) as part:
            np.savez_compressed(part, **held, steady=result.consistency, classes=result.classes)
        if chunk is None:
            for piece in path.parent.glob(f"{path.stem}_*.npz"):
                remove(piece)

    def _path(self, clip: Clip, setting: Method, chunk: int | None) -> Path:
        facts = {**self._facts, **setting.identity(), "clip": clip.fingerprint}
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return self._folder / clip.name / f"{key}{'' if chunk is None else f'_{chunk}'}.npz"
