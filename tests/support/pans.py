"""Cameras that slide over a texture or zoom into it, a square before it: videos whose motion is known everywhere."""

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
FINE = 4  # samples of the world a pixel, for motion by fractions of a pixel
Picture = NDArray[np.uint8]


def texture(size: tuple[int, int], seed: int = 0, scale: int = 1) -> NDArray[np.float32]:
    """Return grey values (h, w) with detail at several scales; ``scale`` enlarges them."""
    rng = np.random.default_rng(seed)
    total = np.full(size, 128, np.float32)
    for cell, contrast in ((2 * scale, 15), (5 * scale, 30), (16 * scale, 40)):
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


def glide(velocity: tuple[float, float], count: int = 8, *, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Return pictures as ``pan`` does, for a velocity in quarters of a pixel: each pixel is a mean."""
    spread = int(max(abs(velocity[0]), abs(velocity[1])) * count) + 1
    world = texture(((size[0] + 2 * spread) * FINE, (size[1] + 2 * spread) * FINE), scale=FINE)
    pictures = []
    for i in range(count):
        x, y = (round((spread + v * i) * FINE) for v in velocity)
        seen = world[y : y + size[0] * FINE, x : x + size[1] * FINE]
        pictures.append(rgb(seen.reshape(size[0], FINE, size[1], FINE).mean((1, 3))))
    return pictures


def zoom(rate: float, count: int = 8, *, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Return pictures of a camera that enlarges what it sees by ``rate`` a frame, about the middle."""
    world = torch.from_numpy(texture((2 * size[0] * FINE, 2 * size[1] * FINE), scale=FINE))[None, None]
    y, x = ((torch.arange(side) + 0.5) / side * 2 - 1 for side in size)
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
    seen = [F.grid_sample(world, grid * (0.5 * rate ** (count / 2 - i)), align_corners=False) for i in range(count)]
    return [rgb(picture[0, 0].numpy()) for picture in seen]


def square(velocity: tuple[int, int], count: int = 8, *, side: int = 48, start: int = 40) -> list[Picture]:
    """Return pictures of a textured square, in frame i at ``start + velocity * i``, before a still background."""
    behind, thing = texture(SIZE, 1), texture((side, side), 2)
    pictures = []
    for i in range(count):
        x, y = (start + v * i for v in velocity)
        seen = behind.copy()
        seen[y : y + side, x : x + side] = thing
        pictures.append(rgb(seen))
    return pictures


def rgb(luma: NDArray[np.floating]) -> Picture:
    """Return grey values as a picture (height, width, 3)."""
    return np.repeat(luma.round().clip(0, 255).astype(np.uint8)[:, :, None], 3, 2)


def grey(picture: Picture) -> Picture:
    """Return one channel of a picture."""
    return np.ascontiguousarray(picture[:, :, 0])


def encode(
    path: Path, pictures: list[Picture], codec: str = "libx264", *, pix_fmt: str = "yuv420p", **options: str
) -> Path:
    """Write pictures (height, width, 3) as a video file."""
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25, options=options))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
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
