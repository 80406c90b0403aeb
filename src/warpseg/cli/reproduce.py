"""``warpseg reproduce``: measures the tables and figures of the paper's section 4."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.values import numbers, size_of
from warpseg.errors import ModelError, WarpsegError

if TYPE_CHECKING:
    from warpseg.datasets.clip import Dataset
    from warpseg.networks import Network

__all__ = ["reproduce"]


def reproduce(
    what: Annotated[
        Literal["table1", "table2", "fig2", "fig4", "fig5"],
        typer.Argument(
            show_default=False,
            help="table1: accuracy and speed by interval; table2: fusion; fig2: time by stage; fig4: accuracy against "
            "speed; fig5: images.",
        ),
    ],
    dataset: o.DatasetOption,
    out: o.OutOption,
    root: o.OptionalRootOption = None,
    labels: o.LabelsOption = None,
    model: o.ModelOption = "camvid",
    interval: o.FixedIntervalsOption = "1-10",
    fusion_weights: o.FusionWeightsOption = None,
    motion: o.MotionOption = "auto",
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    random_weights: o.RandomWeightsOption = False,
    split: o.SplitOption = "val",
    encoding: o.EncodingOption = None,
    frames: o.FramesOption = "decoded",
    ignore: o.IgnoreOption = "",
    max_frames: o.MaxFramesOption = None,
    max_clips: o.MaxClipsOption = None,
    size: o.SizeOption = "480x360",
    cache: o.CacheOption = None,
    rounds: o.RoundsOption = 3,
    speed_frames: o.SpeedFramesOption = None,
    raft: o.RaftOption = False,
    key: o.KeyOption = 0,
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Reproduce a table or figure of the paper: its schemes as printed, next to this program's own.

    The data set streets needs no --root: 4 clips of 60 frames are rendered, or --max-clips of --max-frames.
    """
