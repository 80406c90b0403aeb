"""The values that travel through the house: pictures, motion, frames, windows.

Sizes are ``(height, width)`` in display orientation, times are seconds as ``Fraction``, offsets are fractions of the
frame.
"""

from __future__ import annotations

from collections.abc import Callable
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "HALF_CONFIDENCE", "Classes", "Frame", "MotionField", "MotionSource", "Picture", "PictureType", "Plane",
    "VideoInfo", "confidence_of",
]  # fmt: skip

PictureType = Literal["I", "P", "B"]
MotionSource = Literal["none", "codec", "estimate", "flow"]

HALF_CONFIDENCE = 8.0  # photometric error, in grey levels, at which confidence is one half


def confidence_of(error: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return confidence in [0, 1] for photometric errors in grey levels, any shape: ``1 / (1 + (error / 8)^2)``."""
    return (1 / (1 + (error / HALF_CONFIDENCE) ** 2)).astype(np.float32)


class Plane(Protocol):
    """A frame's reduced luma, on which pictures are compared."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture in pixels."""

    def difference(self, other: Self, offsets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the photometric error (h, w), grey levels, along ``offsets`` (2, h, w) that lead to ``other``."""


@dataclass(frozen=True)
class VideoInfo:
    """What is known about a source before its first frame is decoded."""

    name: str  # for messages and output folders
    size: tuple[int, int]  # (height, width) as displayed, sample aspect ratio not applied
    frame_rate: Fraction | None = None  # average frames a second, None if unknown
    time_base: Fraction = Fraction(1, 90000)  # unit in which the source counts time
    sample_aspect_ratio: Fraction = Fraction(1)  # of a displayed pixel, width / height
    rotation: int = 0  # degrees counter-clockwise that were applied to the coded picture: 0, 90, 180, 270
    codec: str | None = None
    container: str | None = None
    frame_count: int | None = None  # as the container claims; an estimate, for progress only
    start_time: Fraction = Fraction(0)  # of the first frame, in the source's own clock
    has_vectors: bool = False  # whether the codec can export motion vectors
    matrix: Literal["bt601", "bt709", "bt2020"] = "bt601"  # RGB <-> YUV, stated by the stream or chosen by height
    full_range: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, before its motion is known."""

    index: int  # frame number in the source, from 0, in display order
    time: Fraction  # seconds on the source's clock; index / frame rate where the source has no timestamps
    size: tuple[int, int]  # (height, width) as displayed
    type: PictureType | None  # None where the source is not coded video
    luma: NDArray[np.uint8]  # (h, w), CODED orientation, 8 bit, a view of the decoder's plane where possible
    vectors: NDArray[np.void] | None  # FFmpeg's AVMotionVector records in coded orientation, None without
    rotation: int  # degrees counter-clockwise from coded to displayed: 0, 90, 180, 270
    load: Callable[[], NDArray[np.uint8]] = field(repr=False)  # RGB (height, width, 3) as displayed
    mirrored: bool = False  # left and right are swapped for display, after the rotation


@dataclass(frozen=True, eq=False, repr=False)
class MotionField:
    """Where the content of a frame was in another frame, by default the one before it.

    What is at ``p`` in this frame was at ``p + offset`` in the other frame; ``p`` and offsets are fractions of frame
    width and height, so the field fits every resolution. Cell (y, x) of the (h, w) grid covers the pixels from y/h to
    (y+1)/h of the frame.
    """

    offsets: Tensor  # (2, h, w) float32: dx as a fraction of the width, dy of the height
    confidence: Tensor  # (h, w) float32 in [0, 1]: 1 the pictures agree, near 0 they do not or nothing is known

    @property
    def size(self) -> tuple[int, int]:
        """The grid's (h, w)."""
        return self.offsets.shape[-2], self.offsets.shape[-1]

    @classmethod
    def zero(cls, size: tuple[int, int] = (1, 1), *, confidence: float = 1.0) -> MotionField:
        """Return the field that moves nothing."""
        return cls(torch.zeros(2, *size), torch.full(size, confidence))

    def __repr__(self) -> str:
        return f"MotionField({self.size[0]}x{self.size[1]}, mean confidence {float(self.confidence.mean()):.2f})"


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One frame of a video with the motion back to the frame before it."""

    index: int  # frame number in the source, from 0, in display order
    time: Fraction  # seconds on the source's clock
    size: tuple[int, int]  # (height, width) as displayed
    motion: MotionField  # to the previous frame that was yielded; of the first frame: zero with confidence 0
    picture: PictureType | None = None
    cut: bool = False  # a scene cut lies between the previous frame and this one
    motion_source: MotionSource = "none"
    load: Callable[[], NDArray[np.uint8]] = field(default=lambda: np.zeros((0, 0, 3), np.uint8))
    find_reverse: Callable[[], MotionField] | None = None
    plane: Plane | None = None  # reduced luma as displayed, on which motion was found

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """RGB (height, width, 3), converted when first asked for."""
        return self.load()

    @cached_property
    def reverse(self) -> MotionField | None:
        """Motion from the previous frame to this one, found when first asked for; None where nobody can say."""
        return self.find_reverse() if self.find_reverse else None

    def difference(self, other: Frame, path: MotionField) -> Tensor | None:
        """Return the photometric error (h, w), grey levels, between this frame and ``other`` along ``path``.

        The mean luma difference of 8x8 pixels around each cell of the path and around where it leads. None where
        either frame has no plane, or their sizes differ.
        """
        if self.plane is None or other.plane is None or self.plane.size != other.plane.size:
            return None
        return torch.from_numpy(self.plane.difference(other.plane, path.offsets.numpy()))

    def __repr__(self) -> str:
        height, width = self.size
        what = f"{width}x{height}, {self.picture}, motion {self.motion_source}"
        return f"Frame({self.index}, {float(self.time):.3f} s, {what})"


@dataclass(frozen=True)
class Classes:
    """What class ids mean and how they are drawn."""

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]  # RGB

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def numbered(cls, count: int) -> Classes:
        """Name classes by their number, in colours that differ (golden-angle steps around the colour circle)."""

        def colour(i: int) -> tuple[int, int, int]:
            r, g, b = hsv_to_rgb(i * 0.61803 % 1, 0.85 - 0.3 * (i % 3) / 2, 0.95 - 0.35 * (i // 3 % 3) / 2)
            return round(255 * r), round(255 * g), round(255 * b)

        return cls(tuple(f"class {i}" for i in range(count)), tuple(colour(i) for i in range(count)))
