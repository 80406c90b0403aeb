"""Colour conversion: decoded frames to luma (a view of the decoder's plane) and to RGB (on demand)."""

from __future__ import annotations

import math
import threading
from fractions import Fraction
from typing import Literal

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

__all__ = ["Converter", "Matrix", "choose_matrix", "displayed", "displayed_ratio", "is_full_range", "rotation_of"]

Matrix = Literal["bt601", "bt709", "bt2020"]

# Formats whose first plane is 8-bit luma at full resolution, one byte per pixel.
_LUMA_FIRST = frozenset(
    {"gray", "nv12", "nv21", "nv16", "nv24", "yuva420p", "yuva422p", "yuva444p", "yuv410p", "yuv411p"}
    | {f"{family}{layout}p" for family in ("yuv", "yuvj") for layout in (420, 422, 440, 444)}
)
# swscale's numbers, because the names differ between PyAV 16 and 18.
_SWSCALE: dict[Matrix, int] = {"bt601": 5, "bt709": 1, "bt2020": 9}
# AVColorSpace (ITU-T H.273): 1 BT.709, 4 FCC, 5 and 6 BT.601, 7 SMPTE 240M (close to BT.709), 9 and 10 BT.2020.
_STATED: dict[int, Matrix] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "bt709",
    9: "bt2020",
    10: "bt2020",
}
_HD_LINES = 720


def choose_matrix(frame: VideoFrame) -> Matrix:
    """Return the RGB <-> YUV matrix: the one that the stream states, else BT.709 from 720 lines and BT.601 below."""
    stated = _STATED.get(int(frame.colorspace))
    return stated or ("bt709" if frame.height >= _HD_LINES else "bt601")


def is_full_range(frame: VideoFrame) -> bool:
    """Return whether luma spans 0..255 rather than 16..235; a stream that does not state its range is limited."""
    return int(frame.color_range) == int(ColorRange.JPEG) or frame.format.name.startswith("yuvj")


def _limits(frame: VideoFrame) -> ColorRange:
    return ColorRange.JPEG if is_full_range(frame) else ColorRange.MPEG


def rotation_of(matrix: NDArray[np.int32] | None) -> tuple[int, bool]:
    """Return the rotation from coded to displayed, degrees counter-clockwise (0, 90, 180, 270), and whether to mirror.

    The mirror swaps left and right after the rotation.
    """
    if matrix is None:
        return 0, False
    # FFmpeg's 3x3 matrix of int32, row by row: [a b u, c d v, x y w]; a mirror has a negative determinant.
    a, b, _, c, d = (int(v) for v in matrix[:5])
    mirrored = a * d - b * c < 0
    if mirrored:  # the matrix swaps left and right last, after its rotation
        a = -a
    degrees = -math.degrees(math.atan2(b, a))
    return round(degrees / 90) * 90 % 360, mirrored


class Converter:
    """Converter of the frames of one stream; may be called from several threads.

    A conversion context keeps about 15 MB, and PyAV tags the frame while it converts, so each reader has one context
    behind a lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reformatter = VideoReformatter()

    def luma(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return luma (h, w) uint8 in coded orientation; for 8-bit formats a view of the decoder's plane."""
        if frame.format.name not in _LUMA_FIRST or frame.planes[0].line_size < 0:
            with self._lock:
                frame = self._reformatter.reformat(
                    frame, format="gray", src_color_range=_limits(frame), dst_color_range=ColorRange.JPEG
                )
        plane = frame.planes[0]
        return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]

    def rgb(self, frame: VideoFrame, rotation: int, mirrored: bool) -> NDArray[np.uint8]:
        """Return RGB (height, width, 3) uint8 as displayed, converted with the stream's own matrix and range."""
        matrix = _SWSCALE[choose_matrix(frame)]
        # RGB has no matrix, but PyAV 16 honours the source's matrix and range only if the two sides differ.
        other = _SWSCALE["bt709" if matrix == _SWSCALE["bt601"] else "bt601"]
        with self._lock:
            converted = self._reformatter.reformat(
                frame,
                format="rgb24",
                src_colorspace=matrix,
                dst_colorspace=other,
                src_color_range=_limits(frame),
                dst_color_range=ColorRange.JPEG,
            )
        plane = converted.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        pixels = rows[: converted.height, : converted.width * 3].reshape(converted.height, converted.width, 3)
        turned = np.rot90(pixels, rotation // 90)
        return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def displayed(size: tuple[int, int], rotation: int) -> tuple[int, int]:
    """Return (height, width) after a rotation in degrees."""
    return (size[1], size[0]) if rotation % 180 else size


def displayed_ratio(ratio: Fraction | None, rotation: int) -> Fraction:
    """Return the sample aspect ratio after a rotation in degrees; 1 if none is stated."""
    stated = ratio or Fraction(1)
    return 1 / stated if rotation % 180 else stated
