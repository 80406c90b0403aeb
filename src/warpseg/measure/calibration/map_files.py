"""Map files: the maps that a network gives for the frames of a video, by frame number, in a folder."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = ["MapFiles"]


class MapFiles(MutableMapping[int, Tensor]):
    """Maps in files of ``folder``, which is made; they come back on the device that they were on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._devices: dict[int, torch.device] = {}

    def __getitem__(self, index: int) -> Tensor:
        device = self._devices[index]
        return torch.from_numpy(np.load(self._path(index))).to(device)

    def __setitem__(self, index: int, value: Tensor) -> None:
        np.save(self._path(index), value.cpu().numpy())
        self._devices[index] = value.device

    def __delitem__(self, index: int) -> None:
        del self._devices[index]
        self._path(index).unlink()

    def __contains__(self, index: object) -> bool:
        return index in self._devices

    def __iter__(self) -> Iterator[int]:
        return iter(self._devices)

    def __len__(self) -> int:
        return len(self._devices)

    def _path(self, index: int) -> Path:
        return self._folder / f"{index}.npy"
