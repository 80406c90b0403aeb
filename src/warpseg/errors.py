"""Errors: all that the package raises on purpose, as a tree.

WarpsegError            everything this package raises on purpose; its message is one line: what, where, what to do
├── VideoError          a source that cannot be opened, or that is damaged part-way
├── MotionUnavailable   a motion source that this video or machine does not have
├── ModelError          a network that cannot be loaded or does not fit
├── InferenceError      a network that fails on a frame: no finite scores, no memory left, an exit of its own
├── DatasetError        labelled data that is missing, or does not fit together
├── ProfileError        a file that is not a profile, or that cannot be read
└── OutputError         a result that cannot be written, or may not be overwritten
"""

from __future__ import annotations

__all__ = [
    "DatasetError", "InferenceError", "ModelError", "MotionUnavailable", "OutputError", "ProfileError", "VideoError",
    "WarpsegError",
]  # fmt: skip


class WarpsegError(Exception):
    """Base of all errors that warpseg raises on purpose.

    Examples:
        >>> import warpseg
        >>> try:
        ...     warpseg.open_video("missing.mp4")
        ... except warpseg.WarpsegError as error:
        ...     print(error)
        missing.mp4: no such file; check the path (missing.mp4)
    """


class VideoError(WarpsegError):
    """Raised where a source cannot be opened, or is damaged part-way.

    All frames that could be decoded have been delivered by then.
    """


class MotionUnavailable(WarpsegError):
    """Raised where the chosen motion source is missing: no vectors in the stream, no optical flow installed."""


class ModelError(WarpsegError):
    """Raised where a network cannot be loaded, or does not fit the options or the frames."""


class InferenceError(WarpsegError):
    """Raised where a network fails on a frame: no finite scores, no memory, an exit of its own."""


class DatasetError(WarpsegError):
    """Raised where labelled data is missing, or its parts do not fit together; names the file."""


class ProfileError(WarpsegError):
    """Raised where a file is not a profile of ``warpseg calibrate``, or cannot be read."""


class OutputError(WarpsegError):
    """Raised where a result cannot be written, or exists and may not be overwritten."""
