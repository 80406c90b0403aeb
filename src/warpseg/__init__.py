"""warpseg: semantic segmentation of video, the network on keyframes only, motion vectors for the frames between."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warpseg.errors import (
        DatasetError,
        ModelError,
        MotionUnavailable,
        OutputError,
        ProfileError,
        VideoError,
        WarpsegError,
    )
    from warpseg.motion_range import MotionRange, read_motion
    from warpseg.networks import Network, load
    from warpseg.report import Report
    from warpseg.segmentation import Segmentation
    from warpseg.segmenter import Segmenter
    from warpseg.source import Video, open_video
    from warpseg.types import Classes, Frame, MotionField, VideoInfo

__all__ = [
    "Classes", "DatasetError", "Frame", "ModelError", "MotionField", "MotionRange", "MotionUnavailable", "Network",
    "OutputError", "ProfileError", "Report", "Segmentation", "Segmenter", "Video", "VideoError", "VideoInfo",
    "WarpsegError", "load", "open_video", "read_motion",
]  # fmt: skip

__version__ = "0.1.0"

_HOMES = {
    "warpseg.errors": (
        "DatasetError",
        "ModelError",
        "MotionUnavailable",
        "OutputError",
        "ProfileError",
        "VideoError",
        "WarpsegError",
    ),
    "warpseg.motion_range": ("MotionRange", "read_motion"),
    "warpseg.networks": ("Network", "load"),
    "warpseg.report": ("Report",),
    "warpseg.segmentation": ("Segmentation",),
    "warpseg.segmenter": ("Segmenter",),
    "warpseg.source": ("Video", "open_video"),
    "warpseg.types": ("Classes", "Frame", "MotionField", "VideoInfo"),
}


def __getattr__(name: str) -> object:
    # Names load when first used, so that the command line answers without waiting for torch.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'warpseg' has no attribute {name!r}")
