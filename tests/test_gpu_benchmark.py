"""What of the GPU's benchmark can be run without one."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from tests.support.gpu_labels import assert_labelled
from tests.support.triton_kernels import DEVICE, cells

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("gpu")


def test_without_a_gpu_it_says_so_in_one_line(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match=r"^torch sees no CUDA device here; run this on a machine with one$"):
        benchmark.main()
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--part", "frame,all"])
    with pytest.raises(SystemExit, match=r"^--part all: expected some of frame,keyframe,video,videos$"):
        benchmark.main()


class OneConvolution(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.ReLU())


def test_a_keyframe_s_operations_are_counted(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.deeplab, "DeepLab", OneConvolution)
    assert benchmark.keyframe_flop((64, 128)) == 2 * (5 * 5 * 3) * 4 * (32 * 64)  # two operations a product


def test_the_peak_is_known_by_name(benchmark: ModuleType) -> None:
    assert benchmark.peak("NVIDIA H200") == 989.4
    assert benchmark.peak("NVIDIA H100 PCIe") == 756.0
    assert benchmark.peak("NVIDIA L4") == 121.0
    assert benchmark.peak("NVIDIA L40S") == 362.1
    assert benchmark.peak("something else") is None


def test_the_window_that_is_timed_is_labelled(benchmark: ModuleType) -> None:
    size = (32, 64)
    given = benchmark.window(2, size, judged=True, device=DEVICE)
    found = benchmark.label_window(given, size)
    assert found.shape == (2, *size)
    maps, _ = cells.warp_and_fuse(**given)
    for labels, scores in zip(found, maps, strict=True):
        assert assert_labelled(labels, scores.cpu()) < 0.001
