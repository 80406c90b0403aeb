"""Score: confusion matrices of methods on one clip, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.datasets.clip import Clip, Dataset, Labels
from warpseg.engine.method import Method
from warpseg.engine.segmenter import Segmenter
from warpseg.errors import DatasetError
from warpseg.measure.accuracy.cache import Result, ResultCache, joined
from warpseg.measure.accuracy.chunks import SPAN, Chunk, Reader, chunks
from warpseg.measure.accuracy.consistency import Moves, consistency, moves
from warpseg.measure.accuracy.protocol import by_offset
from warpseg.measure.accuracy.reference import ClipReference
from warpseg.measure.accuracy.score_adaptive import score_adaptive
from warpseg.networks import Network
from warpseg.types import Frame

__all__ = ["Export", "score_clip"]

# Called with the method, the clip, the offset from the keyframe, the target's frame number and its labels.
Export = Callable[[Method, Clip, int, int, NDArray[Any]], None]

_Source = tuple[str, Path | str | None]  # motion, and the weights of flow
_AUTO: _Source = ("auto", None)


def score_clip(
    clip: Clip,
    dataset: Dataset,
    network: Network,
    segmenters: Mapping[Method, Segmenter],
    cache: ResultCache,
    *,
    margin: int,
    span: int = SPAN,
    export: Export | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[Method, Result]:
    """Return each method's result on one clip and save it in ``cache``; results found there are used again.

    The network runs once on each frame for all fixed intervals together (for each kind of map that is propagated), and
    once more for each method with the interval ``auto``. Targets have ``margin`` frames on either side; memory holds
    ``span + 2 margin`` frames for each kind of motion. Raises ``DatasetError`` for labels that do not fit, too few
    frames, and a network with other classes.
    """
    reference = ClipReference(clip, dataset, network)
    parts = chunks(reference.targets(margin), margin, span)
    fixed = {setting: segmenter for setting, segmenter in segmenters.items() if setting.interval != "auto"}
    results: dict[Method, Result] = {}
    for setting, segmenter in segmenters.items():
        if setting not in fixed:
            results[setting] = score_adaptive(clip, reference, setting, segmenter, parts)
            cache.save(clip, setting, results[setting])
            progress(f"{len(results)} of {len(segmenters)}, {setting}")
    pieces: dict[Method, list[Result]] = {setting: [] for setting in fixed}
    # "auto" comes first and always: consistency is along its motion, whatever the method's own is.
    readers = {source: _reader(clip, source) for source in dict.fromkeys([_AUTO, *map(_source, fixed)])}
    for k, chunk in enumerate(parts if fixed else []):
        found = {setting: cache.load(clip, setting, k) for setting in fixed}
        pending = {setting: segmenter for setting, segmenter in fixed.items() if found[setting] is None}
        for done, (setting, piece) in enumerate(_score(clip, reference, chunk, readers, pending, export), 1):
            cache.save(clip, setting, piece, k)
            found[setting] = piece
            where = f"frames {chunk.targets[0]} to {chunk.targets[-1]}: " if len(parts) > 1 else ""
            progress(f"{where}{len(fixed) - len(pending) + done} of {len(fixed)}, {setting}")
        for setting, each in found.items():
            assert each is not None
            pieces[setting].append(each)
        reference.forget(parts[k + 1].first if k + 1 < len(parts) else chunk.last + 1)
    for setting in fixed:
        results[setting] = joined(pieces[setting])
        if not results[setting].scores.matrices.any():
            where = next(map(str, clip.labels.paths.values()), clip.name)
            raise DatasetError(
                f"{where}: labels are void throughout {clip.name}; choose a labelled split or other labels"
            )
        cache.save(clip, setting, results[setting])
    return results


def _score(
    clip: Clip,
    reference: ClipReference,
    chunk: Chunk,
    readers: Mapping[_Source, Reader],
    pending: Mapping[Method, Segmenter],
    export: Export | None,
) -> Iterator[tuple[Method, Result]]:
    """Yield the results of ``pending`` on one chunk."""
    steps: Moves = {}
    truth: dict[int, Labels] = {}
    for source, reader in readers.items() if pending else ():
        here = {setting: segmenter for setting, segmenter in pending.items() if _source(setting) == source}
        if not here and source != _AUTO:
            continue
        frames = reader.read(chunk.first, chunk.count)
        if source == _AUTO:
            steps = moves(frame for frame in frames if frame.index >= chunk.new)
            truth = {i: reference.truth(frames[i - chunk.first]) for i in chunk.targets}
        classes = reference.classes(frames[0])
        for setting, segmenter in here.items():
            network = reference.split(setting, segmenter, frames[0])

            def scheme(
                frames: Iterable[Frame], segmenter: Segmenter = segmenter, network: SplitNetwork = network
            ) -> Iterator[Estimate]:
                return segmenter.estimates(frames, network)  # the same dispatch that users run

            margin = chunk.targets[0] - chunk.first
            watch = partial(export, setting, clip) if export is not None else None
            try:
                scores = by_offset(frames, truth, scheme, setting.longest, classes, margin=margin, watch=watch)
            except ValueError as error:
                raise DatasetError(f"{clip.name}: {error}") from error
            yield setting, Result(scores, consistency(frames, scheme, steps, classes), classes.names)


def _reader(clip: Clip, source: _Source) -> Reader:
    motion, weights = source
    return Reader(lambda first: clip.frames(motion, flow_weights=weights))


def _source(setting: Method) -> _Source:
    if setting.scheme == "every":
        return _AUTO
    return setting.motion, setting.flow_weights if setting.motion == "flow" else None
