"""A camera that slides over a fixed texture: real video files whose true motion is known everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import av
import numpy as np
import torch
from av.video.stream import VideoStream
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from warpseg.types import MotionField

SIZE = 160, 224  # height, width
Picture = NDArray[np.uint8]


def texture(size: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    """Return grey values (h, w) with detail at several scales."""
    rng = np.random.default_rng(seed)
    total = np.full(size, 128, np.float32)
    for cell, contrast in ((2, 15), (5, 30), (16, 40)):
        noise = rng.standard_normal((size[0] // cell + 2, size[1] // cell + 2)).astype(np.float32)
        total += contrast * F.interpolate(torch.from_numpy(noise)[None, None], size=size, mode="bilinear")[0, 0].numpy()
    return total.clip(0, 255)


def pan(
    velocity: tuple[int, int], count: int = 20, *, size: tuple[int, int] = SIZE, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """Return RGB pictures of a camera that moves by ``velocity`` = (x, y) pixels a frame.

    Content at p was at p + velocity a frame before.
    """
    spread = max(abs(velocity[0]), abs(velocity[1])) * count
    world = texture((size[0] + 2 * spread, size[1] + 2 * spread), seed).round().astype(np.uint8)
    pictures = []
    for i in range(count):
        x, y = spread + velocity[0] * i, spread + velocity[1] * i
        pictures.append(np.repeat(world[y : y + size[0], x : x + size[1], None], 3, 2))
    return pictures


def encode(path: Path, pictures: list[Picture], codec: str = "libx264", **options: str) -> Path:
    """Write pictures (height, width, 3) as a video file."""
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25, options=options))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 8_000_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def pixels_off(motion: MotionField, velocity: tuple[float, float], size: tuple[int, int] = SIZE) -> Tensor:
    """Return (h, w): how many pixels each cell of the field is off, along the worse axis."""
    offsets = motion.offsets * torch.tensor([size[1], size[0]])[:, None, None]
    return (offsets - torch.tensor(velocity)[:, None, None]).abs().amax(0)


def share_right(motion: MotionField, velocity: tuple[float, float], size: tuple[int, int] = SIZE) -> float:
    """Return the share of cells within half a pixel, but for the outermost ring, where unseen content enters."""
    return float((pixels_off(motion, velocity, size) <= 0.5)[1:-1, 1:-1].float().mean())
