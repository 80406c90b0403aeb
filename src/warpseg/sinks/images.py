"""Images: writes labels as a folder of palette images."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from warpseg.errors import OutputError
from warpseg.files import leftovers, part_path, reporting
from warpseg.sinks.base import FrameResult, Sink, check_labels
from warpseg.types import Classes, VideoInfo

__all__ = ["ImageSink"]

_OURS = re.compile(r"frame_\d{6,}\.png")


class ImageSink(Sink):
    """Sink of ``images/frame_000000.png``: one palette image per frame, numbered like the frame, value = class id.

    255 means unknown and is black. uint16 labels become 16-bit grey images. Every frame keeps its own size. The folder
    has a temporary name until it is complete.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes) -> None:
        """Begin the folder ``path``.

        Raises ``OutputError`` if it cannot be made, or if a folder of that name has other files than label images:
        those are never removed.
        """
        self.warnings: list[str] = []
        self._path = Path(path)
        self._part: Path | None = part_path(self._path)
        palette = np.zeros((256, 3), np.uint8)
        shown = classes.colours[:255]
        palette[: len(shown)] = np.asarray(shown, np.uint8).reshape(-1, 3)
        self._palette = palette.tobytes()
        for folder in (self._path, self._part):
            if folder.exists() and not _only_ours(folder):
                raise OutputError(
                    f"cannot write {self._path}: {folder} holds files that are not label images; "
                    "move it or choose another output folder"
                )
        for old in (*leftovers(self._path), self._part):
            _remove(old)
        with reporting(self._path):
            self._part.mkdir()

    def write(self, result: FrameResult) -> None:
        """Write one frame's image."""
        check_labels(result)
        if self._part is None:
            raise ValueError(f"{self._path} is closed: nothing more can be written to it")
        image = Image.fromarray(np.ascontiguousarray(result.labels))
        if result.labels.dtype == np.uint8:
            image.putpalette(self._palette)
        with reporting(self._path):
            # Labels compress well at any level, and level 1 is the fastest.
            image.save(self._part / f"frame_{result.frame.index:06d}.png", compress_level=1)

    def close(self) -> None:
        """Give the folder its final name."""
        if self._part is None:
            return
        try:
            with reporting(self._path):
                _remove(self._path)
                self._part.rename(self._path)
        except OutputError:
            self.discard()
            raise
        self._part = None

    def discard(self) -> None:
        """Remove the unfinished folder."""
        if self._part is not None:
            _remove(self._part)
            self._part = None


def _only_ours(folder: Path) -> bool:
    with reporting(folder):
        return folder.is_dir() and all(_OURS.fullmatch(file.name) for file in folder.iterdir())


def _remove(folder: Path) -> None:
    """Remove a folder's label images, and the folder unless it has other files."""
    with suppress(OSError):
        for file in list(folder.iterdir()):
            if _OURS.fullmatch(file.name):
                file.unlink()
        folder.rmdir()
