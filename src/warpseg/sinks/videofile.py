"""Video files: encodes frames with the source's times under a temporary name, then renames or removes the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import VideoFrame
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from warpseg.files import leftovers, part_path, remove, reporting

__all__ = ["GreyFile", "VideoFile"]

_MATROSKA_UNIT = Fraction(1, 1000)  # seconds; FFmpeg's Matroska muxer has no other
_SLICES = (4, 6, 9, 12, 16, 20, 24, 30, 36, 42, 49)  # counts that FFV1 can arrange in rows and columns
_SLICE_BYTES = 11_000_000
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


class VideoFile:
    """Container with one video stream, to which a second stream can be added.

    The temporary file is made at once, so that a folder that is not writable is reported before any work is done.
    """

    def __init__(self, path: Path, *, options: Mapping[str, str] | None = None) -> None:
        """Begin ``path``; ``options`` go to the muxer. Raises ``OutputError`` if it cannot be written."""
        self.path = path
        self._part = part_path(path)
        self._stream: VideoStream | None = None
        self._last: int | None = None  # timestamp of the newest frame, in ticks of the stream's time base
        self._duration = 0  # of one frame at the average rate, in ticks
        for old in leftovers(path):
            remove(old)
        with reporting(path):
            self._part.open("wb").close()
            self._container: OutputContainer | None = av.open(
                os.path.abspath(self._part), "w", container_options=dict(options or {})
            )

    @property
    def container(self) -> OutputContainer:
        """The open container; raises ``ValueError`` after the file is closed or discarded."""
        if self._container is None:
            raise ValueError(f"{self.path} is closed: nothing more can be written to it")
        return self._container

    def add_video(
        self,
        codec: str,
        size: tuple[int, int],
        pixel_format: str,
        *,
        time_base: Fraction,
        frame_rate: Fraction | None,
        options: Mapping[str, str],
        threads: int,
    ) -> VideoStream:
        """Add the video stream of ``size`` (height, width) and return it, so that tags can be set before encoding."""
        stream: VideoStream = self.container.add_stream(codec, options=dict(options))  # type: ignore[assignment]
        context = stream.codec_context
        context.height, context.width = size
        context.pix_fmt = pixel_format
        context.thread_count = threads
        # The rate only steers the encoder's bit budget and level; frames keep their own times.
        context.framerate = (frame_rate or Fraction(25)).limit_denominator(1001)
        context.time_base = stream.time_base = time_base
        self._stream = stream
        self._duration = round(1 / (context.framerate * time_base))
        return stream

    def encode(self, picture: VideoFrame, time: Fraction) -> None:
        """Encode and write one picture at ``time`` in seconds, rounded to a tick after the last picture's."""
        assert self._stream is not None, "add_video comes first"
        base = self._stream.codec_context.time_base
        assert base is not None
        ticks = round(time / base)
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
        self._last = picture.pts = ticks
        picture.time_base = base
        picture.duration = self._duration  # matters for the last frame only: others last until the next one
        with reporting(self.path):
            self.container.mux(self._stream.encode(picture))

    def mux(self, packet: Packet[Any]) -> None:
        """Write one packet of the second stream."""
        with reporting(self.path):
            self.container.mux(packet)

    def close(self) -> None:
        """Finish the file and give it its final name; without frames there is no file."""
        if self._container is None:
            return
        if self._last is None:
            self.discard()
            return
        try:
            with reporting(self.path):
                if self._stream is not None:
                    self._container.mux(self._stream.encode(None))
                self._container.close()
                self._container = None
                os.replace(self._part, self.path)
        except BaseException:
            self.discard()
            remove(self._part)
            raise

    def discard(self) -> None:
        """Remove the temporary file."""
        if self._container is None:
            return
        # Removed while open, where the system allows it, so that the muxer does not finish a file that is not wanted.
        remove(self._part)
        with suppress(OSError, av.FFmpegError):
            self._container.close()
        self._container = None
        remove(self._part)


class GreyFile:
    """Video file of planes of integers as FFV1 in Matroska, 8 or 16 bit: every value comes back exactly.

    Times are the source's own, to the millisecond, which is Matroska's unit; two frames less than a millisecond apart
    become one millisecond apart.
    """

    def __init__(self, path: Path, frame_rate: Fraction | None, *, threads: int) -> None:
        """Begin ``path``; the encoder uses ``threads`` threads. Raises ``OutputError`` if it cannot be written."""
        self._frame_rate = frame_rate
        self._threads = threads
        self._file = VideoFile(path)
        self._format: str | None = None

    def write(self, plane: NDArray[np.uint8 | np.uint16], time: Fraction) -> None:
        """Write one plane (height, width), of the size and type of the first, at ``time`` in seconds."""
        if self._format is None:
            self._format = "gray" if plane.dtype == np.uint8 else "gray16le"
            self._begin((plane.shape[0], plane.shape[1]), self._format)
        picture = VideoFrame.from_numpy_buffer(_contiguous(plane), format=self._format)
        picture.color_range = _FULL_RANGE
        self._file.encode(picture, time)

    def _begin(self, size: tuple[int, int], pixel_format: str) -> None:
        sample_bytes = 1 if pixel_format == "gray" else 2
        # Threads share a frame by slices, of which FFV1 rejects very small and very large ones.
        enough = (count for count in _SLICES if size[0] * size[1] * sample_bytes <= count * _SLICE_BYTES)
        slices = str(next(enough, _SLICES[-1])) if min(size) >= 64 else "1"
        stream = self._file.add_video(
            "ffv1",
            size,
            pixel_format,
            time_base=_MATROSKA_UNIT,
            frame_rate=self._frame_rate,
            options={"level": "3", "slicecrc": "1", "slices": slices, "g": "1"},
            threads=self._threads,
        )
        stream.codec_context.color_range = _FULL_RANGE

    def close(self) -> None:
        """Finish the file and give it its final name; without frames there is no file."""
        self._file.close()

    def discard(self) -> None:
        """Remove the temporary file."""
        self._file.discard()


def _contiguous(plane: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    return np.ascontiguousarray(plane)  # type: ignore[return-value]
