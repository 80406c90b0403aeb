"""Files that are whole or absent: written under a temporary name, renamed at the end, one clear error on failure."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from warpseg.errors import OutputError

__all__ = ["clear", "is_running", "leftovers", "part_path", "remove", "reporting", "whole", "write_json", "write_text"]

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space or write to another disk",
    errno.EDQUOT: "the disk quota is used up: free some space or write elsewhere",
    errno.EFBIG: "the file system takes no file of this size: write to another disk",
    errno.EACCES: "no permission to write there: choose another output folder",
    errno.EPERM: "no permission to write there: choose another output folder",
    errno.EROFS: "the disk is read-only: choose another output folder",
    errno.ENOENT: "the folder does not exist: create it or choose another output folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder: choose another output folder",
    errno.EEXIST: "a file of that name is in the way: move it or choose another output folder",
    errno.EISDIR: "a folder of that name is in the way: move it or choose another output folder",
}

_PART = re.compile(r"\..+\.\d+\.part(\.[^.]*)?")


@contextmanager
def whole(path: Path, *, parents: bool = False) -> Iterator[Path]:
    """Yield a temporary name for ``path``; rename it when the block ends well, remove it otherwise.

    Args:
        path: The file to write. It keeps its old content until the new one is complete.
        parents: Create missing folders of ``path`` first.

    Raises:
        OutputError: The file system refused, in the block or in renaming.

    Examples:
        >>> with whole(Path("mask.png")) as part:  # doctest: +SKIP
        ...     image.save(part)
    """
    part = part_path(path)
    try:
        with reporting(path):
            if parents:
                path.parent.mkdir(parents=True, exist_ok=True)
            for old in leftovers(path):
                remove(old)
            yield part
            os.replace(part, path)
    except BaseException:
        remove(part)
        raise


def write_text(path: Path, text: str, *, parents: bool = False) -> None:
    """Write a text file in UTF-8, whole or not at all; raises ``OutputError``."""
    with whole(path, parents=parents) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, indent: int = 1, parents: bool = False) -> None:
    """Write a value as JSON, whole or not at all; raises ``OutputError``, and ``ValueError`` for NaN and infinity."""
    write_text(path, json.dumps(value, indent=indent, allow_nan=False) + "\n", parents=parents)


def part_path(path: Path) -> Path:
    """Return the temporary name of ``path``, a file or a folder: in the same folder, hidden, of this process alone.

    ``.overlay.1234.part.mp4`` for ``overlay.mp4``: muxers choose the format by the suffix.
    """
    return path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")


def leftovers(path: Path) -> list[Path]:
    """Return the temporary names of ``path`` that were left by processes which no longer run."""
    pattern = re.compile(rf"\.{re.escape(path.stem)}\.(\d+)\.part{re.escape(path.suffix)}")
    with suppress(OSError):
        found = [(pattern.fullmatch(other.name), other) for other in path.parent.iterdir()]
        return [other for match, other in found if match and not is_running(int(match[1]))]
    return []


def clear(folder: Path) -> None:
    """Remove all temporary files and folders in ``folder``; for the only process that writes there."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if _PART.fullmatch(path.name):
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn errors of the file system and of FFmpeg in the block into an ``OutputError`` of one line about ``path``."""
    try:
        yield
    except Exception as error:
        # FFmpeg's errors carry the same attributes, but only some of them are an OSError.
        if not hasattr(error, "errno"):
            raise
        reason = _ADVICE.get(error.errno or 0)
        if reason is None:
            reason = f"{getattr(error, 'strerror', None) or error}; try another output folder"
        raise OutputError(f"cannot write {path}: {reason}") from error


def is_running(process: int) -> bool:
    """Return whether a process of this number runs on this machine."""
    if os.name != "posix":  # elsewhere, signal 0 is not a question
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
