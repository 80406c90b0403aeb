"""Outputs that are whole or not there: temporary names, and one clear error where writing fails."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from warpseg.errors import OutputError

__all__ = ["part_path", "remove", "reporting"]

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space or write to another disk",
    errno.EDQUOT: "the disk quota is used up: free some space or write elsewhere",
    errno.EFBIG: "the file system takes no file of this size: write to another disk",
    errno.EACCES: "no permission to write there: choose another output folder",
    errno.EPERM: "no permission to write there: choose another output folder",
    errno.EROFS: "the disk is read-only: choose another output folder",
    errno.ENOENT: "the folder does not exist: create it or choose another output folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder: choose another output folder",
    errno.EISDIR: "a folder of that name is in the way: move it or choose another output folder",
}


def part_path(path: Path) -> Path:
    """Return the temporary name beside ``path``: ``overlay.part.mp4`` for ``overlay.mp4``: muxers go by the suffix."""
    return path.with_name(f"{path.stem}.part{path.suffix}")


def remove(path: Path) -> None:
    """Remove a file if it is there and can be removed."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn what goes wrong while ``path`` is written into an ``OutputError`` of one line."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        reason = _ADVICE.get(error.errno or 0) or error.strerror or str(error)
        raise OutputError(f"cannot write {path}: {reason}") from error
