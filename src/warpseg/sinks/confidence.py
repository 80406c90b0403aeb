"""Confidence as a lossless video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warpseg.sinks.base import Sink, SizeKeeper, check_labels
from warpseg.sinks.videofile import GreyFile
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["ConfidenceSink"]


class ConfidenceSink(Sink):
    """Writes ``confidence.mkv``: FFV1 in one grey plane of 8 bit, value = round(255 confidence).

    One pixel is one of the network's cells, so that nothing is invented and the file stays small. Times are those of
    ``masks.mkv``. A frame that nobody judged is 0 throughout, reported once. Where the number of cells changes with the
    picture's size, later frames are scaled to the first (nearest neighbour). Without any frame no file is made.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes, *, threads: int = 1) -> None:
        """Begin ``path``; ``threads`` are the encoder's own. Raises ``OutputError``."""
        self.warnings: list[str] = []
        self._name = Path(path).name
        self._file = GreyFile(Path(path), info.frame_rate, threads=threads)
        self._sizes = SizeKeeper(self._name, self.warnings, what="the network's cells change")
        self._is_missing = False  # whether a frame had none

    def write(
        self,
        frame: Frame,
        labels: NDArray[np.uint8 | np.uint16],
        *,
        is_key: bool,
        distance: int,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        """Write one frame's confidence; raises ``ValueError`` where the first frame has none: a keyframe always has."""
        check_labels(frame, labels)
        if confidence is not None:
            plane = self._sizes.scale(frame, np.rint(255 * confidence).astype(np.uint8))
        elif self._sizes.size is not None:
            plane = np.zeros(self._sizes.size, np.uint8)
            if not self._is_missing:
                self._is_missing = True
                self.warnings.append(
                    f"{self._name}: no pictures were compared for frame {frame.index}; such frames are written as 0"
                )
        else:
            raise ValueError(f"frame {frame.index} has no confidence, and none came before it to tell the cells by")
        self._file.write(plane, frame.time)

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._file.close()

    def discard(self) -> None:
        """Remove what was begun."""
        self._file.discard()
