"""Segmentation networks by name, each split into a feature network and a task network."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from warpseg.errors import ModelError
from warpseg.networks.compiled import compiled
from warpseg.networks.network import Batched, Network, Precision, ScoreSpace, pick_device, pick_dtype, wrap
from warpseg.networks.weights_file import checksum, read_weights

__all__ = ["Batched", "Network", "Precision", "ScoreSpace", "checksum", "load", "read_weights"]


def load(
    model: str | nn.Module | tuple[nn.Module, nn.Module] | Network,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    imgsz: int | tuple[int, int] | None = None,
    compile: bool = False,
) -> Network:
    """Load a network.

    ``model`` is ``camvid`` (embedded), ``deeplab-resnet101:WEIGHTS.safetensors`` (the paper's), ``py:FILE.py:NAME``
    (a module, or a function that returns one; the file is executed), or a torch module or pair of modules (see
    ``network.wrap``). ``precision`` is the type to compute in: ``auto`` is bf16 for the two named networks where the
    device multiplies it natively; a module runs in its own type, and under autocast where another is asked for.
    ``imgsz`` scales every picture for the network: pixels of the shorter side, or (height, width). ``compile`` has
    torch compile the feature network. Raises ``ModelError`` where the network cannot be had, or not so.
    """
    sides = imgsz if isinstance(imgsz, tuple) else (imgsz,) * 2
    if imgsz is not None and (len(sides) != 2 or any(not isinstance(side, int) or side < 1 for side in sides)):
        raise ValueError(f"imgsz {imgsz!r}: expected pixels of the shorter side, or (height, width)")
    where = pick_device(device)
    dtype = pick_dtype(precision, where)
    asked = dtype if precision != "auto" else None
    network = _named(model, where, dtype, asked) if isinstance(model, str) else wrap(model, device=where, dtype=asked)
    if device != "auto" and network.device.type != where.type:
        raise ModelError(f"{network.name} was loaded on {network.device}; load it on {device} to run it there")
    if asked not in (None, network.dtype):
        was = str(network.dtype).removeprefix("torch.")
        raise ModelError(f"{network.name} was loaded in {was}; load it in {precision} to run it so")
    if imgsz is not None:
        network = replace(network, imgsz=imgsz, short_side=None)
    return compiled(network) if compile and not network.compiled else network


def _named(model: str, where: torch.device, dtype: torch.dtype, asked: torch.dtype | None) -> Network:
    kind, _, rest = model.partition(":")
    if model == "camvid":
        from warpseg.networks import camvid

        return camvid.load(device=where, dtype=dtype)
    if kind == "deeplab-resnet101":
        from warpseg.networks import deeplab

        return deeplab.load(Path(rest) if rest else None, device=where, dtype=dtype)
    if kind == "py":
        path, made = _from_file(rest)
        return replace(wrap(made, device=where, dtype=asked), name=model, checksum=checksum(path))
    raise ModelError(
        f"model {model!r} is not known; use camvid, deeplab-resnet101:WEIGHTS.safetensors or py:FILE.py:NAME"
    )


def _from_file(location: str) -> tuple[Path, nn.Module | tuple[nn.Module, nn.Module] | Network]:
    path, _, name = location.rpartition(":")
    spec = (
        importlib.util.spec_from_file_location(Path(path).stem, path)
        if path.endswith(".py") and Path(path).is_file()
        else None
    )
    if spec is None or spec.loader is None:
        raise ModelError(f"model 'py:{location}': expected py:FILE.py:NAME with an existing Python file")
    code = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(code)
        found = getattr(code, name)
        made = found if isinstance(found, (nn.Module, Network, tuple)) else found()
    except Exception as error:  # whatever the user's own code raises
        raise ModelError(f"model 'py:{location}': {type(error).__name__}: {error}") from error
    return Path(path), made
