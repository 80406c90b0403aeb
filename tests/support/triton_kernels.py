"""The GPU's kernels: compiled where there is a GPU, else run by Triton's interpreter on CPU tensors."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

import pytest
import torch

pytest.importorskip("triton", reason="Triton is not installed: the GPU's kernels cannot be tested")

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _defined(*names: str) -> list[ModuleType]:
    """Import modules, in this order, so that the kernels they define run on ``DEVICE``."""
    with pytest.MonkeyPatch.context() as patch:
        if DEVICE.type == "cpu":
            patch.setenv("TRITON_INTERPRET", "1")  # looked at where a kernel is defined
        found = [importlib.import_module(name) for name in names]
        return found if DEVICE.type == "cuda" else [importlib.reload(module) for module in found]


gpu, cells, window_labels = _defined("warpseg.labels.gpu", "warpseg.labels.gpu_warp", "warpseg.engine.gpu_windows")


def need_gpu() -> None:
    """Skip the test where there is no GPU, unless one is required."""
    if DEVICE.type == "cpu":
        if os.environ.get("WARPSEG_REQUIRE_CUDA") == "1":
            pytest.fail("WARPSEG_REQUIRE_CUDA is set, but torch sees no CUDA device")
        pytest.skip("no CUDA device")
