"""Networks: loads segmentation networks by name, each split into a feature network and a task network.

A family of networks is one file with a function ``from_name`` and one line in ``FAMILIES``; the errors and the help of
the command line follow. Code is imported when first used, so that the command line answers without waiting for torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from warpseg.errors import ModelError

if TYPE_CHECKING:
    import torch

    from warpseg.networks.network import Batched as Batched
    from warpseg.networks.network import Network as Network
    from warpseg.networks.network import Precision as Precision
    from warpseg.networks.network import ScoreSpace as ScoreSpace
    from warpseg.networks.weights_file import checksum as checksum
    from warpseg.networks.weights_file import read_weights as read_weights
    from warpseg.networks.wrapping import Model

__all__ = [
    "FAMILIES", "Batched", "Family", "Network", "Precision", "ScoreSpace", "checksum", "load",
    "read_weights",
]  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Kind of network that ``load`` knows by the part of its name before the first colon."""

    usage: str  # the whole name, placeholders in capitals
    help: str
    code: str  # "module:function" in this package, called with the rest of the name, device and precision


FAMILIES: dict[str, Family] = {
    "camvid": Family("camvid", "embedded", "camvid:from_name"),
    "deeplab-resnet101": Family("deeplab-resnet101:WEIGHTS.safetensors", "the paper's", "deeplab:from_name"),
    "py": Family("py:FILE.py:NAME", "runs the file", "python_file:from_name"),
}

_HOMES = {
    "Batched": "network",
    "Network": "network",
    "Precision": "network",
    "ScoreSpace": "network",
    "checksum": "weights_file",
    "read_weights": "weights_file",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def load(
    model: str | Model,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    imgsz: int | tuple[int, int] | None = None,
    compile: bool = False,
) -> Network:
    """Load a network and split it into a feature network and a task network.

    Args:
        model: ``camvid`` (embedded), ``deeplab-resnet101:WEIGHTS.safetensors`` (the paper's), ``py:FILE.py:NAME`` (a
            module, or a function that returns one; the file is executed), a torch module from RGB (b, 3, H, W) in
            [0, 1] to scores (b, classes, h, w) at any stride, or a pair (feature network, task network).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:i`` or ``mps``.
        precision: Type to compute in: ``fp32``, ``bf16``, ``fp16`` or ``auto``, which is bf16 for the named networks
            where the device multiplies it natively. A module of your own runs in its own type with ``auto``, under
            autocast with any other.
        imgsz: Size to which every picture is scaled for the network: pixels of the shorter side, or (height, width);
            None for the network's own rule. Labels keep the size of the picture.
        compile: True to compile the feature network with torch.

    Returns:
        The network, on its device and in evaluation mode.

    Raises:
        ValueError: ``imgsz`` or ``precision`` is not one of the above.
        ModelError: The network cannot be loaded, or not on this device or in this precision.

    Examples:
        >>> import torch
        >>> import warpseg
        >>> features, head = torch.nn.Conv2d(3, 16, 3, stride=8, padding=1), torch.nn.Conv2d(16, 5, 1)
        >>> network = warpseg.load((features, head), device="cpu")
        >>> network
        Network('Conv2d', cpu, float32)
        >>> network.linear_head  # a 1x1 convolution: scores are propagated instead of features, with the same result
        True
    """
    from warpseg.networks.compilation import compiled
    from warpseg.networks.network import pick_device, pick_dtype
    from warpseg.networks.wrapping import wrap

    sides = imgsz if isinstance(imgsz, tuple) else (imgsz,) * 2
    if imgsz is not None and (len(sides) != 2 or any(not isinstance(side, int) or side < 1 for side in sides)):
        raise ValueError(f"imgsz {imgsz!r}: expected pixels of the shorter side, or (height, width)")
    where = pick_device(device)
    asked = pick_dtype(precision, where) if precision != "auto" else None
    network = _by_name(model, where, precision) if isinstance(model, str) else wrap(model, device=where, dtype=asked)
    if device != "auto" and network.device.type != where.type:
        raise ModelError(f"{network.name} was loaded on {network.device}; load it on {device} to run it there")
    if asked not in (None, network.dtype):
        was = str(network.dtype).removeprefix("torch.")
        raise ModelError(f"{network.name} was loaded in {was}; load it in {precision} to run it in that type")
    if imgsz is not None:
        network = replace(network, imgsz=imgsz, short_side=None)
    return compiled(network) if compile and not network.compiled else network


def _by_name(model: str, device: torch.device, precision: Precision) -> Network:
    kind, colon, argument = model.partition(":")
    family = FAMILIES.get(kind)
    if family is None or (colon and ":" not in family.usage):
        *others, last = (family.usage for family in FAMILIES.values())
        raise ModelError(f"model {model!r} is not known; use {', '.join(others)} or {last}")
    module, _, function = family.code.partition(":")
    code = getattr(import_module(f"{__name__}.{module}"), function)
    network: Network = code(argument, device=device, precision=precision)
    return network
