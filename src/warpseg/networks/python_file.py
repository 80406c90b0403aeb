"""Python files: networks that a user's own code defines, named ``py:FILE.py:NAME``."""

from __future__ import annotations

import importlib.util
import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from warpseg.errors import ModelError
from warpseg.networks.identity import digest
from warpseg.networks.network import Network, Precision, pick_dtype
from warpseg.networks.wrapping import wrap

__all__ = ["from_name"]


def from_name(argument: str, *, device: torch.device, precision: Precision) -> Network:
    """Execute FILE.py and return the network NAME of it, for an ``argument`` FILE.py:NAME.

    NAME is a module, a pair of modules, an exported program, a ``Network``, a function without arguments that returns
    one of them, or a function of pictures. Raises ``ModelError`` if there is no such file, or if its code fails.
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
        made = found() if _is_factory(found) else found
    except (Exception, SystemExit) as error:  # anything that the user's code raises
        raise ModelError(f"model 'py:{argument}': {type(error).__name__}: {error}") from error
    dtype = None if precision == "auto" else pick_dtype(precision, device)
    network = wrap(made, device=device, dtype=dtype)
    return replace(network, name=f"py:{argument}", checksum=network.checksum or _digest(network))


def _is_factory(found: Any) -> bool:
    """Return whether the object is called to make the network, and is not the network."""
    if isinstance(found, (nn.Module, Network, tuple, torch.export.ExportedProgram)) or not callable(found):
        return False
    try:
        inspect.signature(found).bind()
    except TypeError:  # it takes arguments: pictures
        return False
    except ValueError:  # built in
        pass
    return True


def _digest(network: Network) -> str:
    settings = (network.white, network.linear_head, network.classes, network.short_side, network.imgsz)
    return digest(network.feature_net, network.head, repr(settings))
