"""Labels as a lossless video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from warpseg.sinks.sink import Sink, SizeKeeper
from warpseg.sinks.videofile import VideoFile
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["MaskSink"]

_MATROSKA_UNIT = Fraction(1, 1000)  # FFmpeg's Matroska muxer knows no other
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


class MaskSink(Sink):
    """Writes ``masks.mkv``: FFV1 in one grey plane, value = class id, 8 bit for uint8 labels, 16 bit for uint16.

    Every value comes back exactly. Times are the source's own, to the millisecond, which is Matroska's unit; two frames
    less than a millisecond apart are put one millisecond apart. Frames of another size than the first are scaled to it
    (nearest neighbour). Without any frame no file is made.
    """

    def __init__(self, path: str | Path, info: VideoInfo, classes: Classes, *, threads: int = 2) -> None:
        """Begin ``path``; ``threads`` are the encoder's own. Raises ``OutputError``."""
        self.warnings: list[str] = []
        self._info = info
        self._threads = threads
        self._file = VideoFile(Path(path))
        self._sizes = SizeKeeper(Path(path).name, self.warnings)
        self._dtype: np.dtype[np.uint8 | np.uint16] | None = None

    def write(self, frame: Frame, labels: NDArray[np.uint8 | np.uint16], *, is_key: bool, distance: int) -> None:
        """Write one frame's labels; raises ``ValueError`` where their type is not the first frame's."""
        labels = self._sizes.fit(frame, labels)
        if self._dtype is None:
            self._dtype = labels.dtype
            self._begin(labels)
        elif labels.dtype != self._dtype:
            raise ValueError(f"labels of frame {frame.index} are {labels.dtype}; this file began with {self._dtype}")
        picture = VideoFrame.from_numpy_buffer(_plane(labels), format=self._format)
        picture.color_range = _FULL_RANGE
        self._file.encode(picture, frame.time)

    @property
    def _format(self) -> str:
        return "gray" if self._dtype == np.uint8 else "gray16le"

    def _begin(self, labels: NDArray[np.uint8 | np.uint16]) -> None:
        height, width = labels.shape
        slices = "4" if min(height, width) >= 64 else "1"  # what threads share; FFV1 refuses slices of next to nothing
        stream = self._file.add_video(
            "ffv1",
            (height, width),
            self._format,
            time_base=_MATROSKA_UNIT,
            frame_rate=self._info.frame_rate,
            options={"level": "3", "slicecrc": "1", "slices": slices, "g": "1"},
            threads=self._threads,
        )
        stream.codec_context.color_range = _FULL_RANGE

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._file.close()

    def discard(self) -> None:
        """Remove what was begun."""
        self._file.discard()


def _plane(labels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    return np.ascontiguousarray(labels)  # type: ignore[return-value]
