"""Run of ``warpseg evaluate``: every method on every clip, their speed, one result file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from warpseg.datasets.clip import Dataset
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmenter import Segmenter
from warpseg.files import write_json
from warpseg.measure.accuracy.cache import Result, ResultCache
from warpseg.measure.accuracy.evaluation_json import Evaluation, EvaluationModel, EvaluationRow, Speed
from warpseg.measure.accuracy.score import Export, score_clip
from warpseg.measure.accuracy.summary import row
from warpseg.measure.speed.settings import measure, some_of
from warpseg.networks import Network
from warpseg.run import record

__all__ = ["evaluate", "model_facts"]

Progress = Callable[[str], None]


def evaluate(
    dataset: Dataset,
    network: Network,
    settings: Sequence[Method],
    out: Path,
    *,
    rounds: int = 3,
    speed_frames: int | None = None,
    export: Export | None = None,
    progress: Progress = lambda line: None,
    command: Sequence[str] | None = None,
) -> Evaluation:
    """Score methods, measure their speed in ``rounds`` (0: not at all), write and return ``evaluation.json``.

    Frame by frame is always among the methods. All methods and distances are scored on the same target frames: those
    with as many frames on either side as the largest interval needs. Speed is measured on at most eight clips, on
    ``speed_frames`` of each if given. Results that an earlier run of the same methods on the same files left in ``out``
    are used again. ``progress`` is called with a line about each step. Raises ``DatasetError`` for data that does not
    fit, and ``OutputError`` where ``out`` cannot be written.
    """
    settings = list(dict.fromkeys([EVERY, *settings]))
    begun = datetime.now(UTC)
    margin = max(setting.longest for setting in settings) - 1
    cache = ResultCache(out / "clips", {**_seen(dataset, network), "margin": margin, "exported": export is not None})
    results = _accuracy(dataset, network, settings, cache, margin, export, progress)
    speeds: dict[Method, Speed] = {}
    timed = some_of(dataset.clips) if rounds else []
    if timed:

        def done(lap: int, setting: Method) -> None:
            progress(f"speed, round {lap} of {rounds}: {setting}" if lap else f"speed, warming up: {setting}")

        speeds = measure(timed, network, settings, frames=speed_frames, rounds=rounds, done=done)
    facts: Evaluation = {
        "what": "evaluation",
        "measure": "mIoU" if dataset.is_labelled else "agreement",
        "command": list(command) if command is not None else None,
        "started": begun.isoformat(timespec="seconds"),
        "dataset": {
            "name": dataset.name,
            "clips": [clip.name for clip in dataset.clips],
            "labels": sum(len(clip.labels) for clip in dataset.clips),
            "encoding": dataset.encoding,
            "network_sees": "decoded frames" if dataset.decoded else "clean frames",
        },
        "model": model_facts(network),
        "classes": list(results[EVERY][0].classes),
        "categories": list(dataset.categories),
        "margin": margin,
        "speed_rounds": rounds,
        "speed_clips": [clip.name for clip in timed],
        "speed_frames": speed_frames,  # of each clip at most; None: all
        "machine": record.machine(),
        "rows": [_row(setting, found, dataset, speeds.get(setting)) for setting, found in results.items()],
    }
    write_json(out / "evaluation.json", facts, parents=True)
    return facts


def _accuracy(
    dataset: Dataset,
    network: Network,
    settings: Sequence[Method],
    cache: ResultCache,
    margin: int,
    export: Export | None,
    progress: Progress,
) -> dict[Method, list[Result]]:
    results: dict[Method, list[Result]] = {setting: [] for setting in settings}
    segmenters = {setting: Segmenter(network, method=setting) for setting in settings}
    for k, clip in enumerate(dataset.clips, 1):
        found = {setting: cache.load(clip, setting) for setting in settings}
        pending = {setting: segmenter for setting, segmenter in segmenters.items() if found[setting] is None}
        where = f"accuracy, {clip.name} ({k} of {len(dataset.clips)})"
        if not pending:
            progress(f"{where}: done before")
        elif not dataset.is_labelled or len(clip.labels):

            def say(line: str, where: str = where) -> None:
                progress(f"{where}: {line}")

            found |= score_clip(clip, dataset, network, pending, cache, margin=margin, export=export, progress=say)
        for setting in settings:
            finished = found[setting]
            if finished is not None:  # a clip without labels has no result
                results[setting].append(finished)
    return results


def _row(method: Method, results: Sequence[Result], dataset: Dataset, speed: Speed | None) -> EvaluationRow:
    found = method.identity() | {"name": str(method)} | {**row(results, dataset.categories)} | {"speed": speed}
    return cast(EvaluationRow, found)


def _seen(dataset: Dataset, network: Network) -> dict[str, Any]:
    """Return the facts that accuracy depends on, clip and method aside."""
    return {
        "model": model_facts(network),
        "dataset": dataset.name,
        "labelled": dataset.is_labelled,
        "classes": dataset.classes,
    }


def model_facts(network: Network) -> EvaluationModel:
    """Return the facts of a network on which accuracy depends."""
    return {
        **record.model(network),
        "short_side": network.short_side,
        "imgsz": network.imgsz,
        "compiled": network.compiled,
    }
