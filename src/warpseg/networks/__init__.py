"""Segmentation networks by name, each split into a feature network and a task network."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from warpseg.errors import ModelError
from warpseg.networks.network import Batched, Network, Precision, ScoreSpace, pick_device, pick_dtype, wrap

__all__ = ["Batched", "Network", "Precision", "ScoreSpace", "checksum", "load", "read_weights"]


def load(
    model: str | nn.Module | tuple[nn.Module, nn.Module] | Network,
    *,
    device: str = "auto",
    precision: Precision = "auto",
) -> Network:
    """Load a network.

    ``model`` is ``camvid`` (embedded), ``deeplab-resnet101:WEIGHTS.safetensors`` (the paper's), ``py:FILE.py:NAME``
    (a module, or a function that returns one; the file is executed), or a torch module or pair of modules (see
    ``network.wrap``), which stay in fp32. Raises ``ModelError`` where it cannot be had.
    """
    where = pick_device(device)
    dtype = pick_dtype(precision, where)
    if precision == "bf16" and not (isinstance(model, str) and model.startswith(("camvid", "deeplab"))):
        raise ModelError("bf16 is for camvid and deeplab-resnet101; a module of yours runs in its own type")
    if isinstance(model, Network) and device != "auto" and model.device.type != where.type:
        raise ModelError(f"{model.name} was loaded on {model.device}; load it on {device} to run it there")
    if not isinstance(model, str):
        return wrap(model, device=where)
    kind, _, rest = model.partition(":")
    if model == "camvid":
        from warpseg.networks import camvid

        return camvid.load(device=where, dtype=dtype)
    if kind == "deeplab-resnet101":
        from warpseg.networks import deeplab

        return deeplab.load(Path(rest) if rest else None, device=where, dtype=dtype)
    if kind == "py":
        path, made = _from_file(rest)
        return replace(wrap(made, device=where), name=model, checksum=checksum(path))
    raise ModelError(
        f"model {model!r} is not known; use camvid, deeplab-resnet101:WEIGHTS.safetensors or py:FILE.py:NAME"
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; raises ``ModelError`` with one line where it is missing or not one."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such weights file") from error
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error}); other formats are not read") from error


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
