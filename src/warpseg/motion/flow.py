"""Optical flow: DIS and RAFT, the paper's prop-flow baseline and a reference for codec vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.errors import ModelError, MotionUnavailable
from warpseg.motion.luma import Plane

__all__ = ["Flow", "dis", "flow", "raft", "to_cells"]

_SMALLEST = 16  # pixels along each side; the coarsest level of DIS is empty for smaller pictures

# Takes two luma pictures (h, w) and returns where each pixel of the first is in the second: (2, h, w), pixels.
Flow = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]


def flow(weights: Path | str | None = None) -> Flow:
    """Return RAFT with these weights, or OpenCV's DIS if there are none."""
    return dis() if weights is None else raft(weights)


class _InverseSearch(Protocol):
    """Interface of OpenCV's DIS object."""

    def calc(self, a: NDArray[np.uint8], b: NDArray[np.uint8], flow: None) -> NDArray[np.float32]: ...


def dis() -> Flow:
    """Return OpenCV's dense inverse search (Kroeger et al., 2016), medium preset.

    Raises ``MotionUnavailable`` if OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MotionUnavailable("optical flow needs OpenCV: pip install 'warpseg[flow]'") from error
    search = cast(_InverseSearch, cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM))

    def flow(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = a.shape
        padding = (0, max(_SMALLEST - height, 0)), (0, max(_SMALLEST - width, 0))
        found = search.calc(np.pad(a, padding, "edge"), np.pad(b, padding, "edge"), None)
        return np.moveaxis(found, 2, 0)[:, :height, :width]

    return flow


def raft(weights: Path | str, *, device: str = "cpu") -> Flow:
    """Return torchvision's RAFT (Teed and Deng, 2020), large or small, with weights from a file.

    ``weights`` is a ``.pth`` or ``.safetensors`` file. Luma goes into all three channels. Raises ``ModelError`` if the
    file does not contain RAFT weights.
    """
    network = _load_raft(Path(weights)).to(device).eval()

    @torch.inference_mode()
    def flow(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = a.shape
        # RAFT needs sides that are multiples of 8 and at least 128.
        padding = (0, max(-width % 8, 128 - width), 0, max(-height % 8, 128 - height))

        def picture(luma: NDArray[np.uint8]) -> Tensor:
            grey = torch.from_numpy(np.ascontiguousarray(luma)).to(device).float()[None, None] / 127.5 - 1
            return F.pad(grey, padding, mode="replicate").expand(-1, 3, -1, -1)

        found = network(picture(a), picture(b), num_flow_updates=12)[-1][0, :, :height, :width]
        return cast(NDArray[np.float32], found.float().cpu().numpy())

    return flow


def _load_raft(path: Path) -> nn.Module:
    from torchvision.models.optical_flow import raft_large, raft_small

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        large = any(key.endswith("feature_encoder.convnormrelu.0.weight") and len(value) == 64
                    for key, value in state.items())  # fmt: skip
        network = cast(nn.Module, (raft_large if large else raft_small)(weights=None))
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; give the path of torchvision's RAFT weights") from error
    except Exception as error:
        what = type(error).__name__
        raise ModelError(f"{path}: not weights of torchvision's RAFT ({what}); give its .pth") from error
    return network


def to_cells(flow: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
    """Average a flow (2, h, w), pixels of the plane, over cells: offsets (2, rows, columns), fractions of the frame."""
    scale = torch.tensor([plane.factor / side for side in plane.size[::-1]], dtype=torch.float32)[:, None, None]
    cells = F.adaptive_avg_pool2d(torch.from_numpy(np.ascontiguousarray(flow)), plane.grid)
    return cast(NDArray[np.float32], (cells * scale).numpy())
