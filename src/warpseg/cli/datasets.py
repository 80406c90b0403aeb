"""Data set options: the names that ``--dataset`` and ``--encoding`` take, and their help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from warpseg.datasets.choices import DATASETS, ENCODINGS

__all__ = ["DATASET_HELP", "AnyDatasetName", "DatasetName", "EncodingName"]

_READ = [name for name, choice in DATASETS.items() if not choice.rendered]  # from --root

if TYPE_CHECKING:
    AnyDatasetName = str
    DatasetName = str
    EncodingName = str
else:
    AnyDatasetName = Literal[tuple(DATASETS)]
    DatasetName = Literal[tuple(_READ)]
    EncodingName = Literal[tuple(ENCODINGS)]

DATASET_HELP = "; ".join(f"{name}: {DATASETS[name].help}" for name in _READ) + "."
