"""``warpseg evaluate``: accuracy and speed of schemes, intervals and motion sources on labelled video."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.method import check_max_interval, usual_fusion
from warpseg.cli.values import check_file, check_root, intervals, numbers
from warpseg.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warpseg.datasets.clip import Dataset
    from warpseg.engine.method import Method
    from warpseg.measure.accuracy.evaluation_json import Evaluation
    from warpseg.networks import Network

__all__ = ["evaluate"]


def evaluate(
    dataset: o.DatasetOption,
    out: o.OutOption,
    root: o.RootOption = None,
    labels: o.LabelsOption = None,
    model: o.ModelOption = "camvid",
    scheme: o.SchemesOption = "copy,propagate,interpolate",
    interval: o.IntervalsOption = "5",
    max_interval: o.MaxIntervalOption = None,
    fusion: o.FusionOption = None,
    fusion_weights: o.FusionWeightsOption = None,
    propagation: o.PropagationOption = "composed",
    reverse: o.ReverseOption = "searched",
    motion: o.MotionsOption = "auto",
    flow_weights: o.FlowWeightsOption = None,
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    split: o.SplitOption = "val",
    encoding: o.EncodingOption = None,
    frames: o.FramesOption = "decoded",
    ignore: o.IgnoreOption = "",
    rate: o.RateOption = 25,
    max_frames: o.MaxFramesOption = None,
    max_clips: o.MaxClipsOption = None,
    size: o.SizeOption = "480x360",
    cache: o.CacheOption = None,
    rounds: o.RoundsOption = 3,
    speed_frames: o.SpeedFramesOption = None,
    export: o.ExportOption = False,
    report: o.ReportOption = None,
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Measure accuracy at every distance from the keyframe, and speed, of schemes, intervals and motion sources.

    Without labels, accuracy is agreement with the network on every frame. Finished clips are kept in --out: the same
    command continues after an interruption.
    """
    chosen_intervals = intervals(interval, "--interval")
    longest = check_max_interval(max_interval, is_auto="auto" in chosen_intervals)
    ignored = numbers(ignore, "--ignore", least=0) if ignore else []
    check_root(dataset, root)
    _check_export(export, dataset, chosen_intervals)
    check_file(report, "--report", ".html", ".htm")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the options are known to be right.
    from warpseg.datasets.open import open_dataset
    from warpseg.measure.accuracy.label_ids import label_ids
    from warpseg.measure.accuracy.run import evaluate as run
    from warpseg.measure.methods import methods
    from warpseg.networks import load

    with errors(debug, usage=(ModelError, ValueError)):
        chosen = methods(
            scheme.split(","), chosen_intervals, motion.split(","),
            fusion=usual_fusion(fusion, propagation), fusion_weights=fusion_weights, propagation=propagation,
            reverse=reverse, flow_weights=flow_weights, max_interval=longest,
        )  # fmt: skip
        network = load(model, device=device, precision=precision, imgsz=imgsz, compile=compile_)
    with errors(debug, kept=f"; finished clips are kept in {out}: the same command continues"):
        data = open_dataset(
            dataset, root, labels,
            split=split, encoding=encoding, frames=frames, ignore=ignored, rate=rate, size=size, max_frames=max_frames,
            max_clips=max_clips, cache=cache,
        )  # fmt: skip
        found = run(
            data, network, chosen, out,
            rounds=rounds, speed_frames=speed_frames, export=label_ids(out / "labelIds") if export else None,
            command=sys.argv, progress=note,
        )  # fmt: skip
        if report is not None:
            _write_report(report, found, data, network, chosen)
    _print(found, out, as_json=as_json)


def _check_export(export: bool, dataset: str, chosen: list[int | Literal["auto"]]) -> None:
    if export and dataset != "cityscapes":
        raise typer.BadParameter("needs --dataset cityscapes, whose labels these are", param_hint="--export-label-ids")
    if export and "auto" in chosen:
        raise typer.BadParameter(
            "excludes --interval auto, at which a frame has no one distance", param_hint="--export-label-ids"
        )


def _write_report(path: Path, found: Evaluation, data: Dataset, network: Network, chosen: Sequence[Method]) -> None:
    from warpseg.measure.accuracy.examples import best_method, sampled_frames
    from warpseg.measure.accuracy.page import write_evaluation

    named = {row["name"]: row for row in found["rows"]}
    picked = best_method({setting: named[str(setting)]["average"] for setting in chosen})
    labelled = (clip for clip in data.clips if len(clip.labels) or not data.is_labelled)
    write_evaluation(path, found, sampled_frames(next(labelled), data, network, picked))


def _print(found: Evaluation, out: Path, *, as_json: bool) -> None:
    from warpseg.measure.accuracy.table import print_table

    if as_json:
        print(json.dumps(found), flush=True)
    else:
        print_table(found)
        print(f"{out / 'evaluation.json'}: every distance, class and interval of confidence")
