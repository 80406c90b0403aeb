"""Python files: networks that a user's own code defines, named ``py:FILE.py:NAME``."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from warpseg.errors import ModelError
from warpseg.networks.network import Network, Precision, pick_dtype, wrap
from warpseg.networks.weights_file import checksum

__all__ = ["from_name"]


def from_name(argument: str, *, device: torch.device, precision: Precision) -> Network:
    """Execute FILE.py and return the network NAME of it, for an ``argument`` FILE.py:NAME.

    NAME is a module, a pair of modules, a ``Network``, or a function without arguments that returns one of them.
    Raises ``ModelError`` if there is no such file, or if its code fails.
    """
    path, _, name = argument.rpartition(":")
    spec = (
        importlib.util.spec_from_file_location(Path(path).stem, path)
        if path.endswith(".py") and Path(path).is_file()
        else None
    )
    if spec is None or spec.loader is None:
        raise ModelError(f"model 'py:{argument}': expected py:FILE.py:NAME with an existing Python file")
    code = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(code)
        found = getattr(code, name)
        made = found if isinstance(found, (nn.Module, Network, tuple)) else found()
    except Exception as error:  # anything that the user's code raises
        raise ModelError(f"model 'py:{argument}': {type(error).__name__}: {error}") from error
    dtype = None if precision == "auto" else pick_dtype(precision, device)
    return replace(wrap(made, device=device, dtype=dtype), name=f"py:{argument}", checksum=checksum(Path(path)))
