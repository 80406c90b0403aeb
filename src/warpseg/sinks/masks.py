"""Masks: writes labels as a lossless video."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from warpseg.sinks.base import FrameResult, Sink
from warpseg.sinks.scaling import SizeKeeper
from warpseg.sinks.videofile import GreyFile
from warpseg.types import Classes, VideoInfo

__all__ = ["MaskSink"]


class MaskSink(Sink):
    """Sink of ``masks.mkv``: FFV1 in one grey plane, value = class id, 8 bit for uint8 labels, 16 bit for uint16.

    Every value comes back exactly. Times are the source's own, to the millisecond, which is Matroska's unit; two frames
    less than a millisecond apart become one millisecond apart. Frames of another size than the first are scaled to it
    (nearest neighbour). Without frames there is no file.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes, *, threads: int = 2) -> None:
        """Begin ``path``; the encoder uses ``threads`` threads. Raises ``OutputError`` if it cannot be written."""
        self.warnings: list[str] = []
        self._file = GreyFile(Path(path), info.frame_rate, threads=threads)
        self._sizes = SizeKeeper(Path(path).name, self.warnings)
        self._dtype: np.dtype[np.uint8 | np.uint16] | None = None

    def write(self, result: FrameResult) -> None:
        """Write one frame's labels; raises ``ValueError`` if their type is not the first frame's."""
        labels = self._sizes.fit(result)
        if self._dtype is None:
            self._dtype = labels.dtype
        elif labels.dtype != self._dtype:
            raise ValueError(
                f"labels of frame {result.frame.index} are {labels.dtype}; this file began with {self._dtype}"
            )
        self._file.write(labels, result.frame.time)

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._file.close()

    def discard(self) -> None:
        """Remove the unfinished file."""
        self._file.discard()
