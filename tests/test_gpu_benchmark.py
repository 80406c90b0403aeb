"""The GPU benchmark, as far as it runs without a GPU."""

from __future__ import annotations

import pytest
from torch import nn

from benchmarks import gpu
from tests.support.gpu_labels import assert_labelled
from tests.support.triton_kernels import DEVICE, cells


class OneConvolution(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.ReLU())


def test_a_keyframe_s_operations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warpseg.networks.deeplab.DeepLab", OneConvolution)
    assert gpu.keyframe_flop((64, 128)) == 2 * (5 * 5 * 3) * 4 * (32 * 64)  # two operations a product


def test_the_peak_is_known_by_name() -> None:
    assert gpu.peak("NVIDIA H200") == 989.4
    assert gpu.peak("NVIDIA H100 PCIe") == 756.0
    assert gpu.peak("NVIDIA L4") == 121.0
    assert gpu.peak("NVIDIA L40S") == 362.1
    assert gpu.peak("something else") is None


def test_the_window_that_is_timed_is_labelled() -> None:
    size = (32, 64)
    given = gpu.window(2, size, confident=True, device=DEVICE)
    found = gpu.label_window(given, size)
    assert found.shape == (2, *size)
    maps, _ = cells.warp_and_fuse(**given)
    for labels, scores in zip(found, maps, strict=True):
        assert assert_labelled(labels, scores.cpu()) < 0.001
