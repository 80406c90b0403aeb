"""Value types: pictures, motion, frames, classes, facts of a video; each checks itself where it is made.

Sizes are ``(height, width)`` in display orientation, times are seconds as ``Fraction``, offsets are fractions of the
frame (docs/conventions.md).
"""

from __future__ import annotations

from collections.abc import Callable
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal, Protocol, Self, get_args

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
Matrix = Literal["bt601", "bt709", "bt2020"]

HALF_CONFIDENCE = 8.0  # photometric error, in grey levels, at which confidence is one half

# Looked up once: value types are made several times per frame.
_PICTURE_TYPES = (None, *get_args(PictureType))
_MOTION_SOURCES = get_args(MotionSource)
_MATRICES = get_args(Matrix)
_ROTATIONS = (0, 90, 180, 270)


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
    """Facts of a source, known before its first frame is decoded.

    Attributes:
        name: Short name, for messages and output folders.
        size: (height, width) in pixels as displayed; the sample aspect ratio is not applied.
        frame_rate: Average frames per second, None if unknown.
        time_base: Unit in which the source counts time, seconds.
        sample_aspect_ratio: Width / height of one displayed pixel.
        rotation: Degrees counter-clockwise that were applied to the coded picture: 0, 90, 180 or 270.
        codec: Name of the codec, None where the source is not coded video.
        container: Name of the container format.
        frame_count: Frames as the container claims, for progress only; None if unknown.
        start_time: Time of the first frame on the source's own clock, seconds.
        has_vectors: True if the codec can export motion vectors.
        matrix: Conversion between RGB and YUV, stated by the stream or chosen by its height.
        full_range: True if luma uses 0 to 255, False for 16 to 235.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field has a value that no video can have.

    Examples:
        >>> from fractions import Fraction
        >>> from warpseg import VideoInfo
        >>> info = VideoInfo("drive.mp4", (480, 640), frame_rate=Fraction(15))
        >>> info.size, info.frame_rate
        ((480, 640), Fraction(15, 1))
    """

    name: str
    size: tuple[int, int]
    frame_rate: Fraction | None = None
    time_base: Fraction = Fraction(1, 90000)
    sample_aspect_ratio: Fraction = Fraction(1)
    rotation: int = 0
    codec: str | None = None
    container: str | None = None
    frame_count: int | None = None
    start_time: Fraction = Fraction(0)
    has_vectors: bool = False
    matrix: Matrix = "bt601"
    full_range: bool = False

    def __post_init__(self) -> None:
        _check_size("VideoInfo.size", self.size)
        for name in ("frame_rate", "time_base", "sample_aspect_ratio"):
            value = getattr(self, name)
            if value is not None or name != "frame_rate":
                _check_fraction(f"VideoInfo.{name}", value)
                if value <= 0:
                    raise ValueError(f"VideoInfo.{name}: expected more than 0 (got {value})")
        _check_fraction("VideoInfo.start_time", self.start_time)
        _check_choice("VideoInfo.rotation", self.rotation, _ROTATIONS)
        _check_choice("VideoInfo.matrix", self.matrix, _MATRICES)
        if self.frame_count is not None:
            _check_count("VideoInfo.frame_count", self.frame_count)


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, before its motion is known.

    Attributes:
        index: Frame number in the source, from 0, in display order.
        time: Seconds on the source's clock; index / frame rate where the source has no timestamps.
        size: (height, width) in pixels as displayed.
        type: Picture type in the stream, None where the source is not coded video.
        luma: (h, w) uint8 in coded orientation, a view of the decoder's plane where possible.
        vectors: FFmpeg's AVMotionVector records in coded orientation, None without.
        rotation: Degrees counter-clockwise from coded to displayed: 0, 90, 180 or 270.
        load: Returns RGB (height, width, 3) uint8 as displayed.
        mirrored: True if left and right are swapped for display, after the rotation.

    Raises:
        TypeError: A field has the wrong type or dtype.
        ValueError: A field has the wrong shape, or a value that no picture can have.

    Examples:
        >>> from fractions import Fraction
        >>> import numpy as np
        >>> from warpseg.types import Picture
        >>> rgb, luma = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), np.uint8)
        >>> picture = Picture(0, Fraction(0), (48, 64), "I", luma, None, 0, lambda: rgb)
        >>> picture.load().shape
        (48, 64, 3)
    """

    index: int
    time: Fraction
    size: tuple[int, int]
    type: PictureType | None
    luma: NDArray[np.uint8]
    vectors: NDArray[np.void] | None
    rotation: int
    load: Callable[[], NDArray[np.uint8]] = field(repr=False)
    mirrored: bool = False

    def __post_init__(self) -> None:
        _check_count("Picture.index", self.index)
        _check_fraction("Picture.time", self.time)
        _check_size("Picture.size", self.size)
        _check_choice("Picture.type", self.type, _PICTURE_TYPES)
        _check_choice("Picture.rotation", self.rotation, _ROTATIONS)
        if not isinstance(self.luma, np.ndarray) or self.luma.dtype != np.uint8:
            raise TypeError(f"Picture.luma: expected a uint8 array (got {_kind(self.luma)})")
        coded = self.size if self.rotation % 180 == 0 else self.size[::-1]
        if self.luma.shape != coded:
            raise ValueError(
                f"Picture.luma: expected {coded}, the displayed size turned back by {self.rotation} degrees "
                f"(got {self.luma.shape})"
            )


@dataclass(frozen=True, eq=False, repr=False)
class MotionField:
    """Motion from one frame to another, by default to the frame before it.

    What is at ``p`` in this frame was at ``p + offset`` in the other frame. Points and offsets are fractions of frame
    width and height, so the field fits every resolution. Cell (y, x) of the (h, w) grid covers y/h to (y+1)/h of the
    frame's height and x/w to (x+1)/w of its width.

    Attributes:
        offsets: (2, h, w) float32: dx as a fraction of the frame's width (right is positive), dy of its height (down
            is positive).
        confidence: (h, w) float32 in [0, 1]: 1 where the two pictures agree along the offset, near 0 where they do not
            or nothing is known.

    Raises:
        TypeError: Either is not a floating-point tensor.
        ValueError: Their shapes are wrong, or do not fit each other.

    Examples:
        A field that points one eighth of the width to the right, which is 80 pixels of a frame 640 pixels wide:

        >>> import torch
        >>> from warpseg import MotionField
        >>> offsets = torch.zeros(2, 4, 8)
        >>> offsets[0] = 1 / 8
        >>> motion = MotionField(offsets, torch.ones(4, 8))
        >>> motion
        MotionField(4x8, mean confidence 1.00)
        >>> pixels = motion.offsets * torch.tensor([640, 480])[:, None, None]
        >>> pixels[:, 0, 0].tolist()
        [80.0, 0.0]
    """

    offsets: Tensor
    confidence: Tensor

    def __post_init__(self) -> None:
        for name, value in (("offsets", self.offsets), ("confidence", self.confidence)):
            if not isinstance(value, Tensor) or not value.is_floating_point():
                raise TypeError(f"MotionField.{name}: expected a floating-point tensor (got {_kind(value)})")
        shape = self.offsets.shape
        if len(shape) != 3 or shape[0] != 2 or 0 in shape:
            raise ValueError(f"MotionField.offsets: expected (2, h, w), dx and dy per cell (got {tuple(shape)})")
        if self.confidence.shape != shape[1:]:
            raise ValueError(
                f"MotionField.confidence: expected {tuple(shape[1:])}, the grid of the offsets "
                f"(got {tuple(self.confidence.shape)})"
            )

    @property
    def size(self) -> tuple[int, int]:
        """The grid's (h, w), in cells."""
        return self.offsets.shape[-2], self.offsets.shape[-1]

    @classmethod
    def zero(cls, size: tuple[int, int] = (1, 1), *, confidence: float = 1.0) -> MotionField:
        """Return the field that moves nothing.

        Args:
            size: The grid's (h, w); one cell covers the whole frame.
            confidence: Confidence of every cell, in [0, 1].

        Returns:
            A field of zero offsets.
        """
        return cls(torch.zeros(2, *size, dtype=torch.float32), torch.full(size, confidence, dtype=torch.float32))

    def __repr__(self) -> str:
        return f"MotionField({self.size[0]}x{self.size[1]}, mean confidence {float(self.confidence.mean()):.2f})"


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One frame of a video with the motion back to the frame before it.

    Attributes:
        index: Frame number in the source, from 0, in display order.
        time: Seconds on the source's clock.
        size: (height, width) in pixels as displayed.
        motion: Motion to the frame that was yielded before this one; of the first frame: zero, with confidence 0.
        picture: Picture type in the stream, None where the source is not coded video.
        cut: True if a scene cut lies between the frame before and this one.
        motion_source: Origin of ``motion``: the codec's vectors, a search on the pictures, optical flow, or none.
        load: Returns RGB (height, width, 3) uint8; called once, by ``pixels``.
        find_reverse: Returns the motion from the frame before to this one; called once, by ``reverse``.
        plane: Reduced luma as displayed, on which motion was found; None without.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field has a value that no frame can have.

    Examples:
        >>> import warpseg
        >>> with warpseg.open_video("drive.mp4") as video:
        ...     frames = list(video)
        >>> frame = frames[5]
        >>> frame.index, frame.time, frame.motion_source
        (5, Fraction(1, 3), 'codec')
        >>> frame.pixels.shape, frame.pixels.dtype
        ((120, 160, 3), dtype('uint8'))
        >>> tuple(frame.motion.offsets.shape)  # one offset per 4x4 pixels of this small video
        (2, 30, 40)
    """

    index: int
    time: Fraction
    size: tuple[int, int]
    motion: MotionField
    picture: PictureType | None = None
    cut: bool = False
    motion_source: MotionSource = "none"
    load: Callable[[], NDArray[np.uint8]] = field(default=lambda: np.zeros((0, 0, 3), np.uint8))
    find_reverse: Callable[[], MotionField] | None = None
    plane: Plane | None = None

    def __post_init__(self) -> None:
        _check_count("Frame.index", self.index)
        _check_fraction("Frame.time", self.time)
        _check_size("Frame.size", self.size)
        if not isinstance(self.motion, MotionField):
            raise TypeError(f"Frame.motion: expected a MotionField (got {_kind(self.motion)})")
        _check_choice("Frame.picture", self.picture, _PICTURE_TYPES)
        _check_choice("Frame.motion_source", self.motion_source, _MOTION_SOURCES)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """RGB (height, width, 3) uint8 as displayed, converted at first use."""
        return self.load()

    @cached_property
    def reverse(self) -> MotionField | None:
        """Motion from the frame before to this one, found at first use; None where the source has no motion."""
        return self.find_reverse() if self.find_reverse else None

    def difference(self, other: Frame, path: MotionField) -> Tensor | None:
        """Return the photometric error between this frame and another one along a path.

        Args:
            other: The frame that the path leads to.
            path: Motion from this frame to ``other``, on any grid (h, w).

        Returns:
            (h, w) float32, grey levels: the mean luma difference of the 8x8 pixels of the reduced pictures around each
            cell of the path and around its end. None where either frame has no plane, or their sizes differ.
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
    """Names and colours of class ids.

    Attributes:
        names: Name of each class, by id.
        colours: (red, green, blue) of each class, 0 to 255, by id.

    Raises:
        TypeError: ``names`` is not a tuple of strings, or ``colours`` not a tuple of triples of ints.
        ValueError: Their lengths differ, or a colour is outside of 0 to 255.

    Examples:
        >>> from warpseg import Classes
        >>> classes = Classes(("road", "car"), ((128, 64, 128), (0, 0, 142)))
        >>> len(classes), classes.names[1]
        (2, 'car')
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.names, tuple) or not all(isinstance(name, str) for name in self.names):
            raise TypeError(f"Classes.names: expected a tuple of strings (got {self.names!r})")
        if not isinstance(self.colours, tuple):
            raise TypeError(f"Classes.colours: expected a tuple of (red, green, blue) (got {self.colours!r})")
        if len(self.names) != len(self.colours):
            raise ValueError(f"Classes.colours: expected one per name, {len(self.names)} (got {len(self.colours)})")
        for i, colour in enumerate(self.colours):
            if not isinstance(colour, tuple) or len(colour) != 3 or not all(isinstance(part, int) for part in colour):
                raise TypeError(f"Classes.colours[{i}]: expected (red, green, blue) as ints (got {colour!r})")
            if min(colour) < 0 or max(colour) > 255:
                raise ValueError(f"Classes.colours[{i}]: expected 0 to 255 (got {colour!r})")

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def numbered(cls, count: int) -> Classes:
        """Name classes by their number, in colours that differ (golden-angle steps around the colour circle).

        Args:
            count: Number of classes.

        Returns:
            Classes named ``class 0``, ``class 1``, ...
        """

        def colour(i: int) -> tuple[int, int, int]:
            r, g, b = hsv_to_rgb(i * 0.61803 % 1, 0.85 - 0.3 * (i % 3) / 2, 0.95 - 0.35 * (i // 3 % 3) / 2)
            return round(255 * r), round(255 * g), round(255 * b)

        return cls(tuple(f"class {i}" for i in range(count)), tuple(colour(i) for i in range(count)))


def _check_size(name: str, size: object) -> None:
    if not isinstance(size, tuple) or len(size) != 2 or not all(isinstance(side, int) for side in size):
        raise TypeError(f"{name}: expected (height, width) as two ints (got {size!r})")
    if min(size) < 1:
        raise ValueError(f"{name}: expected a height and a width of at least one pixel (got {size!r})")


def _check_fraction(name: str, value: object) -> None:
    if not isinstance(value, Fraction):
        raise TypeError(f"{name}: expected a Fraction (got {value!r})")


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int):
        raise TypeError(f"{name}: expected an int (got {value!r})")
    if value < 0:
        raise ValueError(f"{name}: expected 0 or more (got {value})")


def _check_choice(name: str, value: object, accepted: tuple[object, ...]) -> None:
    if value not in accepted:
        raise ValueError(f"{name}: expected one of {', '.join(map(str, accepted))} (got {value!r})")


def _kind(value: object) -> str:
    """Return what a value is in a few words: its dtype and type for arrays and tensors, its type for all else."""
    dtype = getattr(value, "dtype", None)
    return f"{dtype} {type(value).__name__}" if dtype is not None else type(value).__name__
