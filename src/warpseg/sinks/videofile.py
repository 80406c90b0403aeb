"""A video file under its temporary name: encode with the source's times, then rename or remove."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av import VideoFrame
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from warpseg.sinks.output import part_path, remove, reporting

__all__ = ["VideoFile"]


class VideoFile:
    """One video stream in a container, and room for a second stream beside it.

    The temporary file is made at once, so that a folder that cannot be written to is reported before any work is done.
    """

    def __init__(self, path: Path, *, options: Mapping[str, str] | None = None) -> None:
        """Begin ``path``; ``options`` go to the muxer. Raises ``OutputError``."""
        self.path = path
        self._part = part_path(path)
        self._stream: VideoStream | None = None
        self._last: int | None = None  # timestamp of the newest frame, in ticks of the stream's time base
        self._duration = 0  # of one frame at the average rate, in ticks
        with reporting(path):
            self._part.open("wb").close()
            self._container: OutputContainer | None = av.open(
                os.fspath(self._part), "w", container_options=dict(options or {})
            )

    @property
    def container(self) -> OutputContainer:
        """The open container; raises ``ValueError`` once the file is closed or discarded."""
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
        """Add the video stream of ``size`` (height, width) and return it, for tags to be set before the first frame."""
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
        """Encode and write one picture at ``time`` in seconds, to the nearest tick after the last one."""
        assert self._stream is not None, "add_video comes first"
        base = self._stream.codec_context.time_base
        assert base is not None
        ticks = round(time / base)
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
        self._last = picture.pts = ticks
        picture.time_base = base
        picture.duration = self._duration  # counts for the last frame only: others last until the next one
        with reporting(self.path):
            self.container.mux(self._stream.encode(picture))

    def mux(self, packet: Packet[Any]) -> None:
        """Write one packet of the second stream."""
        with reporting(self.path):
            self.container.mux(packet)

    def close(self) -> None:
        """Finish the file and give it its final name; without a frame there is no file."""
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
        # Where an open file can be removed, the muxer is spared rewriting it for nothing.
        remove(self._part)
        with suppress(OSError, av.FFmpegError):
            self._container.close()
        self._container = None
        remove(self._part)
