"""Network: a segmentation network in its two parts, with what it needs and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.core.schemes import SplitNetwork
from warpseg.errors import ModelError
from warpseg.networks.failures import check_finite, guarded
from warpseg.types import Classes, Frame

__all__ = ["Batched", "Network", "Precision", "ScoreSpace", "pick_device", "pick_dtype", "pointwise"]

Precision = Literal["auto", "fp32", "bf16", "fp16"]

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_FP16_ON_A_CPU = ("avx512_fp16", "amx_fp16", "fp16_arith")


class Batched(SplitNetwork, Protocol):
    """Network that takes several keyframes in one pass."""

    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return the map (channels, h, w) of each frame, in order."""


@dataclass(frozen=True, repr=False)
class Network:
    """A feature network and a task network (paper, section 3.1), with the conversion of pictures for them.

    Made by ``load``. Both parts are on ``device`` and in evaluation mode.

    Attributes:
        name: Name, for messages and ``run.json``.
        feature_net: Maps RGB (b, 3, H, W) of ``dtype`` in [0, ``white``] to features (b, D, h, w).
        head: The task network: maps features (b, D, h, w) float32 to scores (b, classes, h, w) at the same cells.
        linear_head: True if scores are a linear function (1x1 convolution or identity) of each cell's features.
        shows_features: False if ``feature_net`` returns scores already and ``head`` passes them on.
        classes: Names and colours, None to number the classes once the scores are seen.
        white: Value of a white pixel in the RGB that the network takes.
        short_side: (least, most) pixels of the shorter side; other pictures are scaled to fit. None for any size.
        imgsz: Pixels of the shorter side, or (H, W), to which every picture is scaled; None to follow ``short_side``.
        device: Device of both parts.
        dtype: Type in which ``feature_net`` computes.
        autocast: True if torch chooses where to compute in ``dtype``; ``feature_net`` then takes float32.
        channels_last: True if RGB is passed with its channels innermost in memory.
        compiled: True if ``feature_net`` is compiled.
        checksum: SHA-256 of the weights file, or of weights, structure and code of a network of yours; None if unknown.
        reentrant: True if several threads may run it at the same time.

    Examples:
        >>> import warpseg
        >>> network = warpseg.load("camvid", device="cpu")
        >>> network.classes.names[:3]
        ('sky', 'building', 'pole')
        >>> with warpseg.open_video("drive.mp4", max_frames=1) as video:
        ...     frame = next(video)
        >>> tuple(network.task(network.features(frame)).shape)  # (classes, h, w)
        (11, 60, 80)
    """

    name: str
    feature_net: Callable[[Tensor], Tensor]
    head: Callable[[Tensor], Tensor]
    linear_head: bool
    shows_features: bool = True
    classes: Classes | None = None
    white: float = 1.0
    short_side: tuple[int, int] | None = None
    imgsz: int | tuple[int, int] | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    autocast: bool = False
    channels_last: bool = True
    compiled: bool = False
    checksum: str | None = None
    reentrant: bool = False

    def features(self, frame: Frame) -> Tensor:
        """Run the feature network on one frame.

        Args:
            frame: The frame; its pixels are converted.

        Returns:
            (D, h, w) float32 features on the network's device.

        Raises:
            ModelError: The feature network did not return a map.
        """
        return self.batch([frame])[0]

    @torch.inference_mode()
    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Run the feature network on several frames; consecutive frames of one size share a pass.

        Convolution libraries choose their algorithm by the size of the batch, which may change the last bits of a
        value: for the embedded network on a CPU in fp32, and small pictures, by at most 2e-7 of the largest.

        Args:
            frames: The frames, in order.

        Returns:
            (D, h, w) float32 features of each frame, in order.

        Raises:
            ModelError: The feature network did not return one map per picture.
            InferenceError: It returned NaN or infinite values, ran out of memory or threads, or ended the program.
        """
        maps: list[Tensor] = []
        for _, same_size in groupby((frame.pixels for frame in frames), key=lambda pixels: pixels.shape):
            pictures = list(same_size)
            first, last = frames[len(maps)].index, frames[len(maps) + len(pictures) - 1].index
            where = f"frame {first}" if first == last else f"frames {first} to {last}"
            cast = torch.autocast(self.device.type, self.dtype) if self.autocast else nullcontext()
            with guarded(self.name, where):
                rgb = self._input(pictures)
                with cast:
                    f = self.feature_net(rgb if self.white == 255 else rgb / (255 / self.white))
            if not isinstance(f, Tensor) or f.ndim != 4 or len(f) != len(rgb):
                shape = tuple(f.shape) if isinstance(f, Tensor) else type(f).__name__
                count = f"{len(rgb)} pictures" if len(rgb) > 1 else "one picture"
                raise ModelError(f"{self.name}: gave {shape} for {count}; expected a map ({len(rgb)}, channels, h, w)")
            if not f.is_floating_point():
                raise ModelError(f"{self.name}: gave integers, which are labels; return the scores before argmax")
            maps += (one.float() for one in f)
        for frame, one in zip(frames, maps, strict=True):
            check_finite(one, self.name, frame.index)
        return maps

    def seen(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size at which the network sees pictures of a size.

        ``imgsz`` decides; without it, ``short_side``, which at most doubles the size of small pictures.

        Args:
            size: (height, width) of the picture in pixels.

        Returns:
            (H, W) in pixels.
        """
        side = min(size)
        if isinstance(self.imgsz, tuple):
            return self.imgsz
        if self.imgsz is not None:  # the longer side is rounded down, as torchvision and transformers do
            return self.imgsz * size[0] // side, self.imgsz * size[1] // side
        if self.short_side is None or self.short_side[0] <= side <= self.short_side[1]:
            return size
        scale = min(self.short_side[0] / side, 2.0) if side < self.short_side[0] else self.short_side[1] / side
        return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)

    def _input(self, pictures: list[NDArray[np.uint8]]) -> Tensor:
        """Return pictures (H, W, 3) of one size as the network's input (b, 3, h, w) on its device."""
        rows = [torch.from_numpy(pixels) for pixels in pictures]
        stacked = torch.stack(rows) if len(rows) > 1 else rows[0][None]
        if self.device.type == "cuda":
            # Bytes are copied, a quarter of the floats, and from pinned memory, so that the CPU does not wait.
            stacked = stacked.pin_memory().to(self.device, non_blocking=True).float()  # CUDA cannot resize bytes
        rgb = stacked.permute(0, 3, 1, 2)  # channels-last, as decoded
        size = self.seen((rgb.shape[2], rgb.shape[3]))
        if size != rgb.shape[2:]:
            rgb = F.interpolate(rgb, size=size, mode="bilinear", align_corners=False, antialias=True)
        rgb = rgb.to(self.device).to(torch.float32 if self.autocast else self.dtype)
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return rgb.contiguous(memory_format=layout)

    @torch.inference_mode()
    def task(self, f: Tensor) -> Tensor:
        """Run the task network as far as scores.

        Args:
            f: (D, h, w) float32 features of one frame.

        Returns:
            (classes, h, w) float32 scores.

        Raises:
            ModelError: There are more channels than names of classes.
            InferenceError: The task network ran out of memory or threads, or ended the program.
        """
        with guarded(self.name, "its task network"):
            scores = self.scores(f[None])[0]
        if self.classes is not None and len(scores) > len(self.classes):
            raise ModelError(
                f"{self.name}: gave scores of {len(scores)} classes but names {len(self.classes)}; name all of them"
            )
        return scores

    def scores(self, f: Tensor) -> Tensor:
        """Return the scores of features.

        A single channel is the logit of a binary network: it becomes two classes, the second where it is above zero.

        Args:
            f: features (b, D, h, w).

        Returns:
            Scores (b, classes, h, w).
        """
        scores = self.head(f)
        return scores if scores.shape[1] != 1 else torch.cat([torch.zeros_like(scores), scores], 1)

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {self.device}, {str(self.dtype).removeprefix('torch.')})"


@dataclass(frozen=True)
class ScoreSpace:
    """Network whose head runs on keyframes only, so that scores are propagated instead of features.

    A 1x1 convolution commutes with the warp and with a weighted average, so for a linear head the result stays the
    same and only the cost changes.
    """

    network: Network

    def features(self, frame: Frame) -> Tensor:
        """Return the scores (C, h, w) of a frame, in the role of features."""
        return self.network.task(self.network.features(frame)).contiguous()

    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return the scores (C, h, w) of each frame, in the role of features."""
        return [self.network.task(f).contiguous() for f in self.network.batch(frames)]

    def task(self, f: Tensor) -> Tensor:
        """Return ``f``, which is scores already."""
        return f


def pointwise(convolution: nn.Conv2d) -> Callable[[Tensor], Tensor]:
    """Return a 1x1 convolution as a matrix product, which takes features in any memory layout.

    On a CPU the convolution itself would rearrange channels-last features first, which takes longer than the product.
    """

    def scores(f: Tensor) -> Tensor:
        product = torch.einsum("oc,bchw->bohw", convolution.weight[:, :, 0, 0].float(), f)
        return product if convolution.bias is None else product + convolution.bias.float()[:, None, None]

    return scores


def pick_device(name: str) -> torch.device:
    """Return the device named ``auto``, ``cpu``, ``cuda``, ``cuda:i`` or ``mps``.

    Raises ``ModelError`` if this machine does not have it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"device {name!r}: expected auto, cpu, cuda, cuda:i or mps") from error
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, False) or (
        device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()
    ):
        raise ModelError(f"device {name!r} is not available here; use --device cpu or auto")
    return device


def pick_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the floating type to compute in.

    ``auto`` is bf16 if the device multiplies it natively, else fp32; never fp16, for whose range (65504) a network must
    be trained. bf16 works everywhere, by way of fp32 where it is not native. Raises ``ModelError`` for fp16 on a CPU
    that does not support it.
    """
    if precision not in ("auto", *_DTYPES):
        raise ValueError(f"precision {precision!r}: expected auto, {', '.join(_DTYPES)}")
    can = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    if precision == "fp16" and device.type == "cpu" and not any(can.get(name) for name in _FP16_ON_A_CPU):
        raise ModelError("precision fp16: this CPU does not support it; use --precision bf16 or fp32")
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32
