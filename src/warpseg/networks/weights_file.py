"""Weights files: reads safetensors and identifies files by their SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from warpseg.errors import ModelError

__all__ = ["checksum", "read_weights"]


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; raises ``ModelError`` if it is missing or of another format."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such weights file; check the path") from error
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error}); convert the weights to safetensors") from error


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
