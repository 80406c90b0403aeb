"""Labels as a lossless video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warpseg.sinks.base import Sink, SizeKeeper
from warpseg.sinks.videofile import GreyFile
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["MaskSink"]


class MaskSink(Sink):
    """Writes ``masks.mkv``: FFV1 in one grey plane, value = class id, 8 bit for uint8 labels, 16 bit for uint16.

    Every value comes back exactly. Times are the source's own, to the millisecond, which is Matroska's unit; two frames
    less than a millisecond apart are put one millisecond apart. Frames of another size than the first are scaled to it
    (nearest neighbour). Without any frame no file is made.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes, *, threads: int = 2) -> None:
        """Begin ``path``; ``threads`` are the encoder's own. Raises ``OutputError``."""
        self.warnings: list[str] = []
        self._file = GreyFile(Path(path), info.frame_rate, threads=threads)
        self._sizes = SizeKeeper(Path(path).name, self.warnings)
        self._dtype: np.dtype[np.uint8 | np.uint16] | None = None

    def write(
        self,
        frame: Frame,
        labels: NDArray[np.uint8 | np.uint16],
        *,
        is_key: bool,
        distance: int,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        """Write one frame's labels; raises ``ValueError`` where their type is not the first frame's."""
        labels = self._sizes.fit(frame, labels)
        if self._dtype is None:
            self._dtype = labels.dtype
        elif labels.dtype != self._dtype:
            raise ValueError(f"labels of frame {frame.index} are {labels.dtype}; this file began with {self._dtype}")
        self._file.write(labels, frame.time)

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._file.close()

    def discard(self) -> None:
        """Remove what was begun."""
        self._file.discard()
