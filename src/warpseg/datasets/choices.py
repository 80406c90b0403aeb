"""Choices: the legal names of data sets and of encodings, once for the whole program.

A new data set is a file with its opener and a line here. The command line, its help and its error messages follow.
Code is imported when a data set is opened, so that the command line answers without waiting for torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warpseg.engine.choices import Choice

__all__ = ["DATASETS", "ENCODINGS", "DatasetChoice", "EncodingChoice"]


@dataclass(frozen=True)
class DatasetChoice(Choice):
    """A data set; ``code`` is a function from a root and ``clip.Options`` to a ``clip.Dataset``."""

    encoding: str | None = "paper"  # of its pictures unless another is asked for; None: it is video already
    labelled: bool = False  # whether every clip has labels; else they come from a folder of their own, or not at all
    rendered: bool = False  # whether it is made here and needs no root


@dataclass(frozen=True)
class EncodingChoice(Choice):
    """A way in which pictures become H.264."""

    options: Mapping[str, str] | None = None  # of x264; None: pictures are not encoded


DATASETS: dict[str, DatasetChoice] = {
    "cityscapes": DatasetChoice(
        "Cityscapes in its official layout", "datasets.cityscapes:open_cityscapes", labelled=True
    ),
    "camvid": DatasetChoice("CamVid's drive 0016E5", "datasets.camvid:open_camvid", labelled=True),
    "folder": DatasetChoice("frames and labels in folders", "datasets.folders:open_folder", encoding="none"),
    "video": DatasetChoice("a video file, labels by frame number", "datasets.folders:open_video_file", encoding=None),
    "streets": DatasetChoice(
        "synthetic streets, rendered here", "datasets.streets:open_streets", labelled=True, rendered=True
    ),
}

ENCODINGS: dict[str, EncodingChoice] = {
    # Each vector points to the frame before.
    "paper": EncodingChoice(
        "no B-frames and one reference",
        options={"bf": "0", "refs": "1", "crf": "18", "x264-params": "scenecut=0:weightp=0"},
    ),
    "defaults": EncodingChoice("x264's defaults", options={"crf": "18"}),
    "none": EncodingChoice("not encoded"),
}
