"""Overlay: writes the pictures with the classes drawn over them, as a video that plays everywhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from warpseg.sinks.audio import AudioTrack
from warpseg.sinks.base import FrameResult, Sink
from warpseg.sinks.colours import Blender
from warpseg.sinks.scaling import SizeKeeper
from warpseg.sinks.videofile import VideoFile
from warpseg.types import Classes, Frame, VideoInfo
from warpseg.video.options import SourceOptions

__all__ = ["OverlaySink"]

# swscale's number of each matrix (SWS_CS_*), and the stream's tag (AVCOL_SPC_*).
_MATRICES = {"bt601": (5, 6), "bt709": (1, 1), "bt2020": (9, 9)}
# Superfast takes half of veryfast's time at equal PSNR for 30 % more bytes, and encoding dominates an overlay's cost.
_ENCODER = {"preset": "superfast", "crf": "21", "profile": "high"}
_LIMITED, _FULL = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
_UNKNOWN_DURATION = Fraction(1, 25)  # seconds, of the last frame if the source states no frame rate
_FINEST = 10_000_000  # ticks per second; players do not cope with finer time bases


class OverlaySink(Sink):
    """Sink of ``overlay.mp4``: H.264 High, yuv420p in limited range, the index in front, and the source's sound.

    Times are the source's own, in its own time base, counted from the first frame; the sound is shifted by the same
    amount, so that the two stay in sync. Pixels without a class show the picture, and a thin darker line separates
    classes. Odd sizes are padded to even ones by repeating the last row or column. Frames of another size than the
    first are scaled to it. Colours are converted with the stream's own matrix, ``info.matrix``. Without frames there is
    no file.
    """

    def __init__(
        self,
        path: str | Path,
        info: VideoInfo,
        classes: Classes,
        *,
        audio_from: str | Path | None = None,
        options: SourceOptions | None = None,
        opacity: float = 0.5,
        threads: int = 2,
    ) -> None:
        """Begin ``path``.

        ``audio_from`` is the source, opened a second time for its sound with ``options`` (None: no sound). ``opacity``
        in [0, 1] is the share of the class colours. The encoder uses ``threads`` threads. Raises ``OutputError`` if the
        file cannot be written.
        """
        self.warnings: list[str] = []
        self._info = info
        self._audio_from, self._options = audio_from, options
        self._threads = threads
        self._blender = Blender(classes, opacity)
        self._file = VideoFile(Path(path), options={"movflags": "+faststart"})
        self._sizes = SizeKeeper(Path(path).name, self.warnings)
        self._scaler = VideoReformatter()
        self._converter = VideoReformatter()
        self._canvas = np.zeros((0, 0, 3), np.uint8)
        self._audio: AudioTrack | None = None
        self._start: Fraction | None = None  # time of the first frame on the source's clock
        self._end = Fraction(0)  # end of the newest frame, seconds since the first frame's time

    def write(self, result: FrameResult) -> None:
        """Draw the classes over one frame and write it, with the sound up to it."""
        frame, labels = result.frame, self._sizes.fit(result)
        if self._start is None:
            self._start = frame.time
            self._begin(frame)
        time = frame.time - self._start
        rate = self._info.frame_rate
        self._end = time + (1 / rate if rate else _UNKNOWN_DURATION)
        self._file.encode(self._draw(frame, labels), time)
        if self._audio is not None:
            self._audio.advance(time)

    def _begin(self, frame: Frame) -> None:
        height, width = frame.size
        padded = height + height % 2, width + width % 2
        self._canvas = np.zeros((*padded, 3), np.uint8)
        stream = self._file.add_video(
            "libx264",
            padded,
            "yuv420p",
            time_base=_time_base(self._info.time_base),
            frame_rate=self._info.frame_rate,
            options=_ENCODER,
            threads=self._threads,
        )
        context = stream.codec_context
        context.sample_aspect_ratio = self._info.sample_aspect_ratio
        context.colorspace = _MATRICES[self._info.matrix][1]
        context.color_range = _LIMITED
        if self._audio_from is not None:
            self._audio = AudioTrack.open(
                self._audio_from, self._file, start=frame.time, warnings=self.warnings, options=self._options
            )

    def _draw(self, frame: Frame, labels: NDArray[np.uint8 | np.uint16]) -> VideoFrame:
        height, width = labels.shape
        picture = frame.pixels
        if picture.shape[:2] != labels.shape:
            scaled = self._scaler.reformat(
                VideoFrame.from_ndarray(picture), width, height, interpolation=Interpolation.BILINEAR
            )
            picture = scaled.to_ndarray().astype(np.uint8, copy=False)
        self._blender(picture, labels, self._canvas)
        self._canvas[height:, :width] = self._canvas[height - 1, :width]
        self._canvas[:, width:] = self._canvas[:, width - 1 : width]
        colours, tag = _MATRICES[self._info.matrix]
        converted = self._converter.reformat(
            VideoFrame.from_numpy_buffer(self._canvas),
            format="yuv420p",
            dst_colorspace=colours,
            src_color_range=_FULL,
            dst_color_range=_LIMITED,
        )
        converted.colorspace, converted.color_range = tag, _LIMITED
        return converted

    def close(self) -> None:
        """Write the sound up to the end of the last frame; finish the file and give it its final name."""
        try:
            if self._audio is not None:
                self._audio.advance(self._end)
                self._audio.close()
                self._audio = None
        except BaseException:
            self.discard()
            raise
        self._file.close()

    def discard(self) -> None:
        """Remove the unfinished file."""
        if self._audio is not None:
            self._audio.close()
            self._audio = None
        self._file.discard()


def _time_base(source: Fraction) -> Fraction:
    """Return the file's time base: the source's own, halved until it has at least 10,000 ticks per second."""
    ticks = source.denominator
    if ticks > _FINEST:
        return Fraction(1, 90000)
    while ticks < 10_000:
        ticks *= 2
    return Fraction(1, ticks)
