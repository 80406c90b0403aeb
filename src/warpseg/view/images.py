"""Images: draws small pictures for a page and encodes them as data URIs."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from warpseg.sinks.colours import Blender
from warpseg.sinks.scaling import nearest
from warpseg.types import Classes

__all__ = [
    "Still",
    "confidence_still",
    "full_speed",
    "jpeg",
    "label_still",
    "motion_still",
    "overlay",
    "png",
    "reduce",
    "shrink",
    "wheel",
]

_LONGER_SIDE = 512  # most pixels along the longer side of a picture on a page
_OPACITY = 0.5  # of the classes over the picture
_ARROWS = 16  # along the longer side
_WARNING = np.array([255, 64, 160], np.float32)  # tint of low confidence and of differences

Labels = NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True)
class Still:
    """Encoded picture in memory."""

    kind: str  # "png", "jpeg"
    data: bytes
    size: tuple[int, int]  # (height, width)

    @property
    def uri(self) -> str:
        """The file as a ``data:`` URI."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


def jpeg(rgb: NDArray[np.uint8], quality: int = 80) -> Still:
    """Encode RGB (height, width, 3) uint8 as JPEG."""
    return _encode(Image.fromarray(rgb), "jpeg", quality=quality)


def png(rgb: NDArray[np.uint8]) -> Still:
    """Encode RGB or RGBA (height, width, 3 or 4) uint8 as PNG."""
    return _encode(Image.fromarray(rgb), "png")


def _encode(image: Image.Image, kind: str, **options: int) -> Still:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return Still(kind, file.getvalue(), (image.height, image.width))


def reduce(rgb: NDArray[np.uint8], labels: Labels, pixel_aspect: float = 1.0) -> tuple[NDArray[np.uint8], Labels]:
    """Return a picture (height, width, 3) and its labels (height, width) at a page's size, with square pixels."""
    height, width = labels.shape
    size = _fit(height, width, pixel_aspect)
    small = Image.fromarray(rgb).resize(size[::-1], Image.Resampling.BOX, reducing_gap=2.0)
    return np.array(small), nearest(labels, size)


def shrink(labels: Labels, pixel_aspect: float = 1.0) -> Labels:
    """Return labels (height, width) at a page's size."""
    height, width = labels.shape
    return nearest(labels, _fit(height, width, pixel_aspect))


def _fit(height: int, width: int, pixel_aspect: float) -> tuple[int, int]:
    wide = width * pixel_aspect
    scale = min(_LONGER_SIDE / max(height, wide), 1.0)
    return max(round(height * scale), 1), max(round(wide * scale), 1)


def overlay(rgb: NDArray[np.uint8], labels: Labels, classes: Classes) -> Still:
    """Draw the classes of labels (height, width) over a picture (height, width, 3)."""
    out = np.empty_like(rgb)
    Blender(classes, _OPACITY)(rgb, labels, out)
    return jpeg(out)


def label_still(labels: Labels, classes: Classes) -> Still:
    """Draw labels (height, width) in the colours of their classes; unknown ones are black."""
    colours = np.zeros((256 if labels.dtype == np.uint8 else 65536, 3), np.uint8)
    colours[: len(classes)] = np.asarray(classes.colours, np.uint8).reshape(-1, 3)
    if labels.dtype == np.uint16:
        return png(colours[labels])
    image = Image.fromarray(np.ascontiguousarray(labels))
    image.putpalette(colours.tobytes())
    return _encode(image, "png")


def full_speed(fields: Iterable[NDArray[np.float32]]) -> float:
    """Return the speed of the full colour, in pixels per frame: the 93rd percentile, rounded up to 1, 2 or 5 x 10^n.

    ``fields`` are motion fields (2, h, w) in pixels per frame.
    """
    speeds = [np.hypot(*field).ravel() for field in fields]
    fastest = max(float(np.percentile(np.concatenate(speeds), 93)) if speeds else 0.0, 0.5)
    power = 10.0 ** math.floor(math.log10(fastest))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= fastest * 0.999)


def motion_still(under: NDArray[np.uint8], motion: NDArray[np.float32], full: float) -> Still:
    """Draw motion (2, h, w), pixels right and down since the frame before, over a picture as colours and arrows.

    ``full`` is the speed, in pixels per frame, of the full colour.
    """
    height, width = under.shape[:2]
    grey = Image.fromarray(under).convert("L")
    field = np.stack([
        np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BILINEAR)) for part in motion
    ])  # fmt: skip
    colour, share = _speed_colours(field, full)
    light = 40 + np.asarray(grey, np.float32)[..., None] * 0.6
    mixed = Image.fromarray((light + (colour * (0.4 + light / 330) - light) * share).clip(0, 255).astype(np.uint8))
    return jpeg(np.asarray(_arrows(mixed, motion, full)), 75)


def _speed_colours(field: NDArray[np.float32], full: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return RGB (h, w, 3), 0 to 255, for the direction of a field (2, h, w), and a weight (h, w, 1) for its speed."""
    hue = (np.arctan2(field[1], field[0]) / (2 * np.pi)) % 1
    rgb = np.clip(np.abs((hue[..., None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    speed = np.minimum(np.hypot(field[0], field[1]) / full, 1)
    return (255 * (0.15 + 0.85 * rgb)).astype(np.float32), (0.85 * speed[..., None] ** 0.7).astype(np.float32)


def _arrows(image: Image.Image, motion: NDArray[np.float32], full: float) -> Image.Image:
    """Draw arrows over a picture, at twice its size for antialiasing."""
    large = image.resize((2 * image.width, 2 * image.height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(large)
    step = max(large.size) / _ARROWS
    rows, columns = motion.shape[1:]
    for y in np.arange(step / 2, large.height, step):
        for x in np.arange(step / 2, large.width, step):
            u, v = motion[:, int(y / large.height * rows), int(x / large.width * columns)] / full
            speed = math.hypot(u, v)
            if speed < 0.1:
                continue
            length, (u, v) = step * (0.3 + 0.6 * min(speed, 1.0)), (u / speed, v / speed)
            tip, tail = (x + u * length / 2, y + v * length / 2), (x - u * length / 2, y - v * length / 2)
            head = step * 0.22
            wings = [(tip[0] - head * (u + s * 0.6 * v), tip[1] - head * (v - s * 0.6 * u)) for s in (-1, 1)]
            for colour, wide in (("black", 6), ("white", 3)):
                pen.line([tail, tip], fill=colour, width=wide)
                pen.line([wings[0], tip, wings[1]], fill=colour, width=wide, joint="curve")
    return large.resize(image.size, Image.Resampling.BOX)


def wheel() -> Still:
    """Draw the colour wheel that explains the directions and speeds of ``motion_still``."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j].astype(np.float32)
    colour, share = _speed_colours(np.stack([x, y]), 1.0)
    inside = 255 * np.clip((1 - np.hypot(x, y)) * 48, 0, 1)
    return png(np.dstack([100 + (colour - 100) * share, inside]).astype(np.uint8))


def confidence_still(under: NDArray[np.uint8], confidence: NDArray[np.float32]) -> Still:
    """Tint a picture where the confidence (h, w) in [0, 1] is low."""
    height, width = under.shape[:2]
    resized = np.asarray(Image.fromarray(confidence).resize((width, height), Image.Resampling.BILINEAR)).clip(0, 1)
    grey = np.asarray(Image.fromarray(under).convert("L"), np.float32)[..., None] * 0.8 + 25
    return jpeg((grey + (_WARNING - grey) * (0.9 * (1 - resized[..., None]))).astype(np.uint8), 75)


def difference_still(differ: NDArray[np.bool_], under: NDArray[np.uint8] | None = None) -> Still:
    """Tint the pixels where ``differ`` (height, width) is True, over a picture if one is given."""
    grey = np.full(differ.shape, 200, np.float32)
    if under is not None:
        grey = np.asarray(Image.fromarray(under).convert("L"), np.float32) * 0.7 + 60
    return jpeg(np.where(differ[..., None], _WARNING, grey[..., None]).clip(0, 255).astype(np.uint8), 75)
