"""A segmentation network in its two parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.errors import ModelError
from warpseg.types import Classes, Frame

__all__ = ["Batched", "Network", "Precision", "ScoreSpace", "pick_device", "pick_dtype", "wrap"]

Precision = Literal["auto", "fp32", "bf16"]


class Batched(Protocol):
    """A ``schemes.SplitNetwork`` that takes several keyframes at once."""

    def features(self, frame: Frame) -> Tensor:
        """Return what ``batch`` returns of this frame alone."""

    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return the map (channels, h, w) of each frame, in order."""

    def task(self, f: Tensor) -> Tensor:
        """Return the scores (classes, h, w) of a map."""


@dataclass(frozen=True, repr=False)
class Network:
    """A feature network and a task network (paper, section 3.1) with what is needed to feed them and to read them.

    ``feature_net`` maps RGB (b, 3, H, W) of ``dtype`` in [0, ``white``] to features (b, D, h, w); ``head`` maps
    these, as float32, to scores (b, C, h, w) at the same cells. Both are already on ``device`` and in evaluation
    mode.
    """

    name: str
    feature_net: Callable[[Tensor], Tensor]
    head: Callable[[Tensor], Tensor]
    linear_head: bool  # whether scores are a linear function (1x1 convolution or identity) of each cell's features
    shows_features: bool = True  # False: ``feature_net`` gives the scores already and ``head`` passes them on
    classes: Classes | None = None  # None: named by number once the scores are seen
    white: float = 1.0
    short_side: tuple[int, int] | None = None  # pixels: pictures smaller or larger than this are scaled to fit
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    checksum: str | None = None  # SHA-256 of the weights file
    reentrant: bool = False  # whether several threads may run it at the same time

    def features(self, frame: Frame) -> Tensor:
        """Return the features (D, h, w) of a frame, float32: a batch of one."""
        return self.batch([frame])[0]

    @torch.inference_mode()
    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return the features (D, h, w) of each frame, float32; neighbours of one picture size share a pass.

        On the CPU a batch gives, bit for bit, what its frames alone give, if the network's own operations do; on a GPU
        the convolutions' method depends on the batch. Raises ``ModelError`` where there is not one map a picture.
        """
        maps: list[Tensor] = []
        for _, alike in groupby((frame.pixels for frame in frames), key=lambda pixels: pixels.shape):
            rgb = self._fed(list(alike))
            f = self.feature_net(rgb if self.white == 255 else rgb / (255 / self.white))
            if not isinstance(f, Tensor) or f.ndim != 4 or len(f) != len(rgb):
                shape = tuple(f.shape) if isinstance(f, Tensor) else type(f).__name__
                count = f"{len(rgb)} pictures" if len(rgb) > 1 else "one picture"
                raise ModelError(f"{self.name}: gave {shape} for {count}; expected a map ({len(rgb)}, channels, h, w)")
            maps += (one.float() for one in f)
        return maps

    def _fed(self, pictures: list[NDArray[np.uint8]]) -> Tensor:
        """Return pictures (H, W, 3) of one size as the network takes them: (b, 3, h, w), channels-last as decoded."""
        bytes_of = [torch.from_numpy(pixels) for pixels in pictures]
        if self.device.type == "cuda":
            # Bytes travel, a quarter of the floats, from pinned memory, so that nobody waits for them.
            pinned = torch.empty((len(pictures), *pictures[0].shape), dtype=torch.uint8, pin_memory=True)
            rgb = torch.stack(bytes_of, out=pinned).to(self.device, non_blocking=True).permute(0, 3, 1, 2)
            return self._fit(rgb.float()).to(self.dtype)  # only the CPU scales bytes
        stacked = torch.stack(bytes_of) if len(bytes_of) > 1 else bytes_of[0][None]
        return self._fit(stacked.permute(0, 3, 1, 2)).to(self.device).to(self.dtype)

    def _fit(self, rgb: Tensor) -> Tensor:
        """Scale pictures (b, 3, H, W) whose shorter side is out of ``short_side``, at most to their double size."""
        side = min(rgb.shape[-2:])
        if self.short_side is None or self.short_side[0] <= side <= self.short_side[1]:
            return rgb
        scale = min(self.short_side[0] / side, 2.0) if side < self.short_side[0] else self.short_side[1] / side
        size = (round(rgb.shape[-2] * scale), round(rgb.shape[-1] * scale))
        scaled = F.interpolate(rgb, size=size, mode="bilinear", align_corners=False, antialias=True)
        return scaled.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def task(self, f: Tensor) -> Tensor:
        """Return the scores (C, h, w) of features (D, h, w), float32."""
        return self.head(f[None])[0]

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {self.device}, {str(self.dtype).removeprefix('torch.')})"


@dataclass(frozen=True)
class ScoreSpace:
    """The same network with its head run on keyframes only, so that scores are carried instead of features.

    A 1x1 convolution commutes with the warp and with a weighted average, so for a linear head this changes nothing
    but the cost.
    """

    network: Network

    def features(self, frame: Frame) -> Tensor:
        """Return the scores (C, h, w) of a frame, in the role of features."""
        return self.batch([frame])[0]

    def batch(self, frames: Sequence[Frame]) -> list[Tensor]:
        """Return the scores (C, h, w) of each frame, in the role of features."""
        return [self.network.task(f) for f in self.network.batch(frames)]

    def task(self, f: Tensor) -> Tensor:
        """Return ``f``, which holds scores already."""
        return f


def wrap(module: nn.Module | tuple[nn.Module, nn.Module] | Network, *, device: torch.device) -> Network:
    """Make a ``Network`` of any module that maps RGB float32 (b, 3, H, W) in [0, 1] to scores (b, C, h, w).

    Any stride will do. A pair is taken as (feature network, task network). Modules that return ``{"out": scores}``, as
    torchvision's do, fit as well. The module itself is moved to ``device`` and put into evaluation mode.
    """
    if isinstance(module, Network):
        return module
    if isinstance(module, tuple):
        feature_net, head = (part.to(device).eval() for part in module)
        # Only what is known to be linear and to keep to its cell: a subclass may do more.
        pointwise = type(head) is nn.Conv2d and (head.kernel_size, head.stride, head.padding) == (
            (1, 1),
            (1, 1),
            (0, 0),
        )
        return Network(_name(feature_net), feature_net, head, pointwise or type(head) is nn.Identity, device=device)
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"cannot segment with a {type(module).__name__}: expected a model's name, a torch module or a pair of them"
        )
    whole = module.to(device).eval()

    def scores(rgb: Tensor) -> Tensor:
        out = whole(rgb)
        if isinstance(out, dict) and "out" not in out:
            raise ModelError(
                f"{_name(whole)}: gave a dict of {', '.join(map(str, out))}; expected scores, or 'out' in it"
            )
        found: Tensor = out["out"] if isinstance(out, dict) else out
        return found

    return Network(_name(module), scores, nn.Identity(), True, shows_features=False, device=device)


def _name(module: nn.Module) -> str:
    return type(module).__name__


def pick_device(name: str) -> torch.device:
    """Return the device of ``auto``, ``cpu``, ``cuda``, ``cuda:i`` or ``mps``.

    Raises ``ModelError`` where it is not there.
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
    """Return the type to compute in; ``auto`` is bf16 where the device multiplies it natively, else fp32."""
    if precision not in ("auto", "fp32", "bf16"):
        raise ValueError(f"precision {precision!r}: expected auto, fp32 or bf16")
    if precision == "fp32":
        return torch.float32
    if precision == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    can = torch.cpu.get_capabilities()
    native = device.type == "cpu" and (can.get("avx512_bf16") or can.get("amx_bf16"))
    return torch.bfloat16 if native else torch.float32
