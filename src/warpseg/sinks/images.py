"""Labels as a folder of palette images."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.errors import OutputError
from warpseg.files import leftovers, part_path, reporting
from warpseg.sinks.base import Sink, check_labels
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["ImageSink"]

_OURS = re.compile(r"frame_\d{6,}\.png")


class ImageSink(Sink):
    """Writes ``images/frame_000000.png``: one palette image a frame, numbered like the frame, value = class id.

    255 is black and means that nothing is known. uint16 labels become 16-bit grey images. Every frame keeps its own
    size. The folder has a temporary name until it is whole.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes) -> None:
        """Begin the folder ``path``.

        Raises ``OutputError``, also where a folder of that name holds files that no image sink wrote: those are never
        removed.
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

    def write(
        self,
        frame: Frame,
        labels: NDArray[np.uint8 | np.uint16],
        *,
        is_key: bool,
        distance: int,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        """Write one frame's image."""
        check_labels(frame, labels)
        if self._part is None:
            raise ValueError(f"{self._path} is closed: nothing more can be written to it")
        image = Image.fromarray(np.ascontiguousarray(labels))
        if labels.dtype == np.uint8:
            image.putpalette(self._palette)
        with reporting(self._path):
            # Labels are small at any level, and level 1 is the fast one.
            image.save(self._part / f"frame_{frame.index:06d}.png", compress_level=1)

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
        """Remove the folder that was begun."""
        if self._part is not None:
            _remove(self._part)
            self._part = None


def _only_ours(folder: Path) -> bool:
    with reporting(folder):
        return folder.is_dir() and all(_OURS.fullmatch(file.name) for file in folder.iterdir())


def _remove(folder: Path) -> None:
    """Remove a folder of our images; files of others stay, and then so does the folder."""
    with suppress(OSError):
        for file in list(folder.iterdir()):
            if _OURS.fullmatch(file.name):
                file.unlink()
        folder.rmdir()
