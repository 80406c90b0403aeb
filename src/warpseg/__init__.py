"""warpseg: semantic segmentation of video, the network on keyframes only, motion for the intermediate frames."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warpseg.core.adaptive import Adaptive as Adaptive
    from warpseg.engine.method import Method as Method
    from warpseg.engine.motion_range import MotionRange as MotionRange
    from warpseg.engine.motion_range import read_motion as read_motion
    from warpseg.engine.segmentation import Segmentation as Segmentation
    from warpseg.engine.segmenter import Segmenter as Segmenter
    from warpseg.engine.source import Video as Video
    from warpseg.engine.source import open_video as open_video
    from warpseg.errors import DatasetError as DatasetError
    from warpseg.errors import InferenceError as InferenceError
    from warpseg.errors import ModelError as ModelError
    from warpseg.errors import MotionUnavailable as MotionUnavailable
    from warpseg.errors import OutputError as OutputError
    from warpseg.errors import ProfileError as ProfileError
    from warpseg.errors import VideoError as VideoError
    from warpseg.errors import WarpsegError as WarpsegError
    from warpseg.networks import Network as Network
    from warpseg.networks import load as load
    from warpseg.run.process import process as process
    from warpseg.run.result import Report as Report
    from warpseg.types import Classes as Classes
    from warpseg.types import Frame as Frame
    from warpseg.types import MotionField as MotionField
    from warpseg.types import VideoInfo as VideoInfo
    from warpseg.video.options import SourceOptions as SourceOptions

__version__ = "0.1.0"

# Names load when first used, so that the command line answers without waiting for torch.
_HOMES = {
    "Adaptive": "core.adaptive",
    "Classes": "types",
    "DatasetError": "errors",
    "Frame": "types",
    "InferenceError": "errors",
    "Method": "engine.method",
    "ModelError": "errors",
    "MotionField": "types",
    "MotionRange": "engine.motion_range",
    "MotionUnavailable": "errors",
    "Network": "networks",
    "OutputError": "errors",
    "ProfileError": "errors",
    "Report": "run.result",
    "Segmentation": "engine.segmentation",
    "Segmenter": "engine.segmenter",
    "SourceOptions": "video.options",
    "Video": "engine.source",
    "VideoError": "errors",
    "VideoInfo": "types",
    "WarpsegError": "errors",
    "load": "networks",
    "open_video": "engine.source",
    "process": "run.process",
    "read_motion": "engine.motion_range",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'warpseg' has no attribute {name!r}")
    return getattr(import_module(f"warpseg.{_HOMES[name]}"), name)
