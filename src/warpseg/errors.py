"""What can go wrong, as a tree.

WarpsegError            everything this package raises on purpose; its message is one line: what, where, what to do
├── VideoError          a source that cannot be opened, or that is damaged part-way
├── MotionUnavailable   a motion source that this video or machine does not have
├── ModelError          a network that cannot be loaded or does not fit
├── DatasetError        labelled data that is missing, or does not fit together
├── ProfileError        a profile that is not one, or that cannot be read
└── OutputError         a result that cannot be written, or must not be overwritten
"""

from __future__ import annotations

__all__ = [
    "DatasetError", "ModelError", "MotionUnavailable", "OutputError", "ProfileError", "VideoError", "WarpsegError",
]  # fmt: skip


class WarpsegError(Exception):
    """Base of all errors that warpseg raises on purpose."""


class VideoError(WarpsegError):
    """Raised where a source cannot be opened, or is damaged part-way (frames before the damage have been delivered)."""


class MotionUnavailable(WarpsegError):
    """Raised where the motion source that was asked for is not there: no vectors in the stream, no optical flow
    installed.
    """


class ModelError(WarpsegError):
    """Raised where a network cannot be loaded, or does not fit what is asked of it."""


class DatasetError(WarpsegError):
    """Raised where labelled data is missing, or its parts do not fit together; names the file."""


class ProfileError(WarpsegError):
    """Raised where a profile of ``warpseg calibrate`` cannot be read, or is none."""


class OutputError(WarpsegError):
    """Raised where a result cannot be written, or exists and must not be overwritten."""
