"""A segmentation network in its two parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.errors import ModelError
from warpseg.types import Classes, Frame

__all__ = ["Network", "Precision", "ScoreSpace", "pick_device", "pick_dtype", "wrap"]

Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, repr=False)
class Network:
    """A feature network and a task network (paper, section 3.1) with what is needed to feed them and to read them.

    ``feature_net`` maps RGB (1, 3, H, W) of ``dtype`` in [0, ``white``] to features (1, D, h, w); ``head`` maps
    these, as float32, to scores (1, C, h, w) at the same cells. Both are already on ``device`` and in evaluation
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

    @torch.inference_mode()
    def features(self, frame: Frame) -> Tensor:
        """Return the features (D, h, w) of a frame, float32; raises ``ModelError`` where the network gives no map."""
        rgb = self._fit(torch.from_numpy(frame.pixels).permute(2, 0, 1)[None])
        rgb = rgb.to(self.device, self.dtype)  # channels-last, as decoded
        f = self.feature_net(rgb if self.white == 255 else rgb / (255 / self.white))
        if not isinstance(f, Tensor) or f.ndim != 4 or len(f) != 1:
            shape = tuple(f.shape) if isinstance(f, Tensor) else type(f).__name__
            raise ModelError(f"{self.name}: gave {shape} for one picture; expected a map (1, channels, h, w)")
        return f[0].float()

    def _fit(self, rgb: Tensor) -> Tensor:
        """Scale a picture (1, 3, H, W) whose shorter side is out of ``short_side``, at most to its double size."""
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
        return self.network.task(self.network.features(frame))

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
