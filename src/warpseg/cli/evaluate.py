"""``warpseg evaluate``: what each scheme and interval costs in accuracy and brings in speed, on labelled video."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from warpseg.cli.common import check_page, complain
from warpseg.cli.datasets import DATASET_HELP, DatasetName, EncodingName
from warpseg.cli.lists import intervals, numbers, words
from warpseg.errors import ModelError

if TYPE_CHECKING:
    from warpseg.measure.accuracy.score import Export


__all__ = ["evaluate"]

_SCHEMES = ("every", "copy", "propagate", "interpolate")
_MOTIONS = ("auto", "codec", "estimate", "flow", "none")


def evaluate(
    dataset: Annotated[
        DatasetName,
        typer.Option(help=DATASET_HELP),
    ],
    root: Annotated[Path, typer.Option(metavar="DIR", help="The data set; the frames; the video file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="For evaluation.json and what a rerun needs.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Label images of folder and video, named as the frames or by frame number. "
            "Without: agreement with the network's own result on every frame.",
        ),
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="As for warpseg segment.")] = "camvid",
    scheme: Annotated[
        str, typer.Option(metavar="NAMES", help="With commas, of every, copy, propagate, interpolate.")
    ] = "copy,propagate,interpolate",
    interval: Annotated[
        str,
        typer.Option(
            "--interval", "-n", metavar="N,...", help="Frames from keyframe to keyframe; auto: as they are needed."
        ),
    ] = "5",
    max_interval: Annotated[
        int | None, typer.Option(min=2, help="With --interval auto: the most frames between keyframes.  [default: 30]")
    ] = None,
    motion: Annotated[
        str, typer.Option(metavar="NAMES", help="With commas, of auto, codec, estimate, flow, none.")
    ] = "auto",
    flow_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --motion flow: weights of torchvision's RAFT, else DIS.")
    ] = None,
    fusion: Annotated[
        Literal["confidence", "average", "maximum", "maximum-literal", "convolution"] | None,
        typer.Option(
            help="How Algorithm 2 joins the keyframes: by the pictures' agreement (with composed), by distance (with "
            "chained), as named."
        ),
    ] = None,
    fusion_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --fusion convolution: its weights, a safetensors file.")
    ] = None,
    propagation: Annotated[
        Literal["composed", "chained"], typer.Option(help="Warp once, or step by step as the paper prints it.")
    ] = "composed",
    reverse: Annotated[
        Literal["searched", "inverted", "negated"], typer.Option(help="Motion to the next frame; negated: the paper's.")
    ] = "searched",
    encoding: Annotated[
        EncodingName | None,
        typer.Option(
            help="How pictures become H.264: no B-frames and one reference (cityscapes, camvid), x264's defaults, "
            "not at all (folder)."
        ),
    ] = None,
    frames: Annotated[
        Literal["decoded", "clean"],
        typer.Option(help="Whether the network sees the encoded pictures or the originals."),
    ] = "decoded",
    split: Annotated[str, typer.Option(help="Of cityscapes.")] = "val",
    ignore: Annotated[str, typer.Option(metavar="V,...", help="Label values of folder and video to leave out.")] = "",
    rate: Annotated[int, typer.Option(min=1, help="Frames a second of a folder that is encoded.")] = 25,
    max_frames: Annotated[int | None, typer.Option(min=1, help="First frames of camvid, folder or video.")] = None,
    max_clips: Annotated[int | None, typer.Option(min=1, help="First snippets of cityscapes.")] = None,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds in which speed is measured; 0: not at all.")] = 3,
    speed_frames: Annotated[int | None, typer.Option(min=1, help="Of each clip, in a speed run.")] = None,
    export: Annotated[
        bool, typer.Option("--export-label-ids", help="Write cityscapes' results as labelIds, a folder a distance.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where encoded pictures are kept; else the user's cache folder.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write one HTML page, too: tables, plots, frames of the best setting."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:i or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json instead of a table.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure accuracy at every distance from the keyframe, and speed, of schemes, intervals and motion."""
    schemes = words(scheme, _SCHEMES, "--scheme")
    motions = words(motion, _MOTIONS, "--motion")
    chosen_intervals = intervals(interval, "--interval")
    if max_interval is not None and "auto" not in chosen_intervals:
        raise typer.BadParameter("is for --interval auto", param_hint="--max-interval")
    if chosen_intervals == ["auto"] and (set(schemes) <= {"every", "copy"} or set(motions) == {"none"}):
        raise typer.BadParameter(
            "auto follows motion: choose propagate or interpolate, and a motion other than none",
            param_hint="--interval",
        )
    if (fusion == "convolution") != (fusion_weights is not None):
        raise typer.BadParameter("goes with --fusion convolution, and that with it", param_hint="--fusion-weights")
    ignored = numbers(ignore, "--ignore", least=0) if ignore else []
    if export and dataset != "cityscapes":
        raise typer.BadParameter("labelIds are those of --dataset cityscapes", param_hint="--export-label-ids")
    if export and "auto" in chosen_intervals:
        raise typer.BadParameter("with --interval auto a frame has no one distance", param_hint="--export-label-ids")
    if propagation == "chained" and fusion == "confidence":
        raise typer.BadParameter("confidence needs --propagation composed", param_hint="--fusion")
    if flow_weights is not None and "flow" not in motions:
        raise typer.BadParameter("for --motion flow only", param_hint="--flow-weights")
    if report is not None:
        check_page(report, "--report")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the arguments are known to be right.
    from warpseg.datasets.open import open_dataset
    from warpseg.measure.accuracy.examples import pick, show
    from warpseg.measure.accuracy.label_ids import label_ids
    from warpseg.measure.accuracy.page import write_evaluation
    from warpseg.measure.accuracy.run import evaluate as run
    from warpseg.measure.accuracy.table import print_table
    from warpseg.measure.methods import methods
    from warpseg.networks import load

    try:
        network = load(model, device=device)
        data = open_dataset(
            dataset, root, labels,
            split=split, encoding=encoding, frames=frames, ignore=ignored, rate=rate, max_frames=max_frames,
            max_clips=max_clips, cache=cache,
        )  # fmt: skip
        usual = "average" if propagation == "chained" else "confidence"
        chosen = methods(
            schemes, chosen_intervals, motions,
            fusion=fusion or usual, fusion_weights=fusion_weights, propagation=propagation, reverse=reverse,
            flow_weights=flow_weights, max_interval=max_interval or 30,
        )  # fmt: skip
        writer: Export | None = label_ids(out / "labelIds") if export else None
        found = run(
            data, network, chosen, out,
            rounds=rounds, speed_frames=speed_frames, export=writer, command=sys.argv,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )  # fmt: skip
        if report is not None:
            named = {row["name"]: row for row in found["rows"]}
            picked = pick({setting: named[str(setting)] for setting in chosen})
            labelled = (clip for clip in data.clips if len(clip.labels) or not data.is_labelled)
            write_evaluation(report, found, show(next(labelled), data, network, picked))
    except KeyboardInterrupt:
        print(f"interrupted; what was done is kept in {out}, run the same command to go on", file=sys.stderr)
        raise typer.Exit(130) from None
    except Exception as error:
        if debug:
            raise
        complain(error)
        raise typer.Exit(2 if isinstance(error, ModelError) else 1) from error
    if as_json:
        print(json.dumps(found), flush=True)
    else:
        print_table(found)
        print(f"{out / 'evaluation.json'}: every distance, class and interval of confidence")
