"""Record: the machine, versions and network behind the numbers of a result file."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import torch

from warpseg.networks import Network

__all__ = ["Machine", "Model", "cores", "machine", "model", "packages", "versions"]

_PACKAGES = ("warpseg", "torch", "av", "numpy", "numba")


class Model(TypedDict):
    """Facts of a network on which every result depends."""

    name: str
    sha256: str | None  # of its weights
    device: str
    precision: str


class Machine(TypedDict):
    """Facts of a machine on which speed depends."""

    cpu: str
    gpu: str | None
    threads: int  # of torch
    versions: dict[str, str]


def model(network: Network) -> Model:
    """Return the facts of a network."""
    return {
        "name": network.name,
        "sha256": network.checksum,
        "device": str(network.device),
        "precision": str(network.dtype).removeprefix("torch."),
    }


def machine() -> Machine:
    """Return the facts of this machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return {
        "cpu": next(names, platform.machine()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, and of Python."""
    return packages() | {"python": platform.python_version()}


def packages() -> dict[str, str]:
    """Return the versions of the packages that results depend on."""
    return {name: version(name) for name in _PACKAGES}


def cores() -> int:
    """Return the number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
