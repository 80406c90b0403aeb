"""Confidence: writes the confidence of each frame as a lossless video."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from warpseg.sinks.base import FrameResult, Sink, check_labels
from warpseg.sinks.scaling import SizeKeeper
from warpseg.sinks.videofile import GreyFile
from warpseg.types import Classes, VideoInfo

__all__ = ["ConfidenceSink"]


class ConfidenceSink(Sink):
    """Sink of ``confidence.mkv``: FFV1 in one grey plane of 8 bit, value = round(255 confidence).

    One pixel is one cell of the network, so that nothing is interpolated and the file stays small. Times are those of
    ``masks.mkv``. A frame without confidence is 0 everywhere, with one warning for all of them. If the number of cells
    changes with the picture's size, later frames are scaled to the first (nearest neighbour). Without frames there is
    no file.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes, *, threads: int = 1) -> None:
        """Begin ``path``; the encoder uses ``threads`` threads. Raises ``OutputError`` if it cannot be written."""
        self.warnings: list[str] = []
        self._name = Path(path).name
        self._file = GreyFile(Path(path), info.frame_rate, threads=threads)
        self._sizes = SizeKeeper(self._name, self.warnings, what="the network's cells change")
        self._is_missing = False  # whether some frame had no confidence

    def write(self, result: FrameResult) -> None:
        """Write one frame's confidence; raises ``ValueError`` if the first frame has none (each keyframe has)."""
        check_labels(result)
        frame = result.frame
        if result.confidence is not None:
            plane = self._sizes.scale(frame, np.rint(255 * result.confidence).astype(np.uint8))
        elif self._sizes.size is not None:
            plane = np.zeros(self._sizes.size, np.uint8)
            if not self._is_missing:
                self._is_missing = True
                self.warnings.append(
                    f"{self._name}: frame {frame.index} has no confidence; such frames are written as 0"
                )
        else:
            raise ValueError(f"frame {frame.index} has no confidence; the first frame needs one, to know the grid")
        self._file.write(plane, frame.time)

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._file.close()

    def discard(self) -> None:
        """Remove the unfinished file."""
        self._file.discard()
