"""The GPU's kernels against what they stand for: `sample`, `average`, `by_evidence` and `labels_reference` on the CPU.

Without a GPU they run in Triton's interpreter, which computes what is written, and are compiled for one besides. Bounds
are in units of U, half an ulp of one, times the largest score M: so much two ways of rounding can differ.
"""

from __future__ import annotations

import importlib.util
import logging
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

import warpseg.labels
from tests.support.gpu_labels import U, assert_labelled, carried, seeded
from tests.support.triton_kernels import DEVICE, cells, gpu, need_gpu
from warpseg.core.geometry import sample
from warpseg.labels import has_triton, labels, labels_reference

Family = Callable[[int, int, int], Tensor]


def smooth(classes: int, height: int, width: int) -> Tensor:
    return interpolate(seeded(1, classes, 3, 4), (height, width), mode="bicubic", align_corners=False)[0]


def near_ties(classes: int, height: int, width: int) -> Tensor:
    ulps = torch.randint(-1, 2, (classes, height, width), generator=torch.Generator().manual_seed(1)) * 2 * U
    return seeded(1, height, width) * (1 + ulps)


def integer(classes: int, height: int, width: int) -> Tensor:
    return torch.randint(-3, 4, (classes, height, width), generator=torch.Generator().manual_seed(2)).float()


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ((5, 7), (40, 56)),
        ((3, 5), (50, 131)),  # not a multiple
        ((3, 4), (48, 64)),
        ((6, 5), (24, 20)),
        ((5, 6), (5, 12)),  # as high as the map
        ((7, 6), (9, 7)),
        ((12, 14), (5, 6)),  # smaller than the map
        ((1, 1), (20, 30)),
        ((2, 1), (40, 5)),
    ],
)
def test_labels_are_the_reference_s(source: tuple[int, int], size: tuple[int, int]) -> None:
    for family, classes in ((seeded, 7), (smooth, 2), (near_ties, 3)):
        scores = family(classes, *source)
        unclear = assert_labelled(gpu.labels_gpu(scores[None].to(DEVICE), size)[0], scores)
        assert unclear < 0.001 or family is near_ties


@pytest.mark.parametrize(("classes", "stride"), [(2, 16), (19, 8), (20, 16), (20, 4)])
def test_ties_go_to_the_first(classes: int, stride: int) -> None:
    """Whole numbers at a stride that is a power of two leave nothing to round."""
    scores, size = integer(classes, 2, 3), (2 * stride, 3 * stride)
    found = gpu.labels_gpu(scores[None].to(DEVICE), size)[0].cpu()
    assert torch.equal(found, labels_reference(scores, size))


def test_all_equal_is_the_first_class() -> None:
    assert not gpu.labels_gpu(torch.full((1, 5, 3, 4), 0.1, device=DEVICE), (25, 31)).any()


@pytest.mark.parametrize("classes", [150, 256])
def test_many_classes(classes: int) -> None:
    """More than 255 need wider labels."""
    scores = seeded(classes, 1, 4)
    scores[classes - 1, 0, 3] = 100
    found = gpu.labels_gpu(scores[None].to(DEVICE), (8, 32))[0]
    assert found.dtype == (torch.uint8 if classes <= 255 else torch.int32)
    assert found.max() == classes - 1
    assert_labelled(found, scores)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NumPy's, which the interpreter computes with
def test_what_is_not_finite_is_labelled_as_torch_does(value: float) -> None:
    scores = integer(4, 6, 9)
    scores[2, 2, 3] = value
    scores[1, 2:4, 4] = math.nan
    scores[:, 5, 0] = -math.inf
    found = gpu.labels_gpu(scores[None].to(DEVICE), (12, 36))[0].cpu()
    assert torch.equal(found, labels_reference(scores, (12, 36)))
    found = gpu.labels_gpu(scores[None].to(DEVICE), (6, 9))[0].cpu()
    assert torch.equal(found.long(), scores.argmax(0))


def test_many_maps_in_one_launch_are_labelled_like_each() -> None:
    scores = seeded(3, 4, 3, 4).to(DEVICE)
    found = gpu.labels_gpu(scores, (24, 32))
    assert torch.equal(found, torch.cat([gpu.labels_gpu(one[None], (24, 32)) for one in scores]))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_and_strides_are_converted(kind: torch.dtype) -> None:
    scores = seeded(5, 6, 7).to(kind)
    strided = torch.zeros(6, 14, 10, dtype=kind, device=DEVICE).permute(2, 0, 1)[::2, :, ::2].copy_(scores)
    assert_labelled(gpu.labels_gpu(strided[None], (48, 56))[0], scores.float())


GRIDS = [(6, 9), (1, 1), (1, 13), (17, 8)]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("amplitude", [0.0, 0.02, 0.3, 5.0])
def test_one_side_alone_is_warped_bit_for_bit(grid: tuple[int, int], amplitude: float) -> None:
    """Paths that leave the frame included; without motion that is the map itself."""
    forward, backward = seeded(5, *grid), seeded(5, *grid, seed=1)
    paths = amplitude * seeded(2, 2, 2, *grid)
    found, confidence = carried(forward, backward, paths, torch.tensor([1.0, 0.0]))
    assert confidence is None
    assert torch.equal(found[0], sample(forward, paths[0, 0]))
    assert torch.equal(found[1], sample(backward, paths[1, 1]))
    if amplitude == 0:
        assert torch.equal(found, torch.stack([forward, backward]))


def test_the_last_window_has_no_backward_map() -> None:
    forward, paths = seeded(3, 6, 9), 0.1 * seeded(2, 2, 2, 6, 9)
    paths[:, 1] = math.nan  # nobody looks there
    found, _ = carried(forward, None, paths, torch.ones(2))
    assert torch.equal(found, torch.stack([sample(forward, path) for path in paths[:, 0]]))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NumPy's, which the interpreter computes with
def test_nothing_is_read_beyond_the_border() -> None:
    """What is not a number there, in the next row or after the map's end, would spoil what is multiplied by zero."""
    memory = torch.full((3 * 6 * 9 + 20,), math.nan)
    forward = memory[: 3 * 6 * 9].view(3, 6, 9).copy_(seeded(3, 6, 9))
    forward[:, :, 0] = math.inf
    paths = torch.zeros(2, 2, 2, 6, 9)
    paths[1] = 2.0  # all to the last cell
    found, _ = carried(forward, None, paths, torch.ones(2))
    torch.testing.assert_close(found[0], sample(forward, paths[0, 0]), rtol=0, atol=0, equal_nan=True)
    assert torch.equal(found[0, :, :, 2:], forward[:, :, 2:])
    assert torch.equal(found[1], forward[:, -1:, -1:].expand(3, 6, 9))


def test_a_path_of_nan_reads_no_memory_that_is_not_there() -> None:
    forward = seeded(3, 6, 9)
    found, _ = carried(forward, None, torch.full((1, 2, 2, 6, 9), math.nan), torch.ones(1))
    assert found.isnan().all() or torch.equal(found[0], forward[:, :1, :1].expand(3, 6, 9))


@pytest.mark.parametrize("per_cell", [False, True])
def test_both_sides_are_averaged(per_cell: bool) -> None:
    forward, backward, paths = seeded(19, 6, 9), seeded(19, 6, 9, seed=1), 0.1 * seeded(4, 2, 2, 6, 9)
    weights = torch.tensor([0.2, 0.5, 0.8, 0.99])
    if per_cell:
        weights = seeded(4, 6, 9).sigmoid()
        weights[0, :3], weights[0, 3:] = 0, 1
    found, _ = carried(forward, backward, paths, weights)
    for number, (there, back) in enumerate(paths):
        ahead, behind, weight = sample(forward, there), sample(backward, back), weights[number]
        # Two roundings of up to M and one of up to M / 2, in two ways: torch merges a product into the sum.
        bound = 6 * U * float(torch.maximum(forward.abs().max(), backward.abs().max()))
        assert float((found[number] - torch.lerp(behind, ahead, weight)).abs().max()) <= bound
        from_behind, from_ahead = weight * (ahead - behind), (ahead - behind) * (1 - weight)
        assert torch.equal(found[number], torch.where(weight < 0.5, behind + from_behind, ahead - from_ahead))
    if per_cell:
        assert torch.equal(found[0, :, :3], sample(backward, paths[0, 1])[:, :3])
        assert torch.equal(found[0, :, 3:], sample(forward, paths[0, 0])[:, 3:])


def test_equal_maps_come_back_bit_for_bit() -> None:
    scores, still = seeded(5, 6, 9), torch.zeros(3, 2, 2, 6, 9)
    found, _ = carried(scores, scores, still, torch.tensor([0.1, 0.5, 0.7]))
    assert torch.equal(found, scores.expand(3, -1, -1, -1))


def test_nothing_between_is_no_launch() -> None:
    found, confidence = carried(seeded(5, 6, 9), None, torch.zeros(0, 2, 2, 6, 9), torch.zeros(0))
    assert found.shape == (0, 5, 6, 9)
    assert confidence is None


def test_what_does_not_fit_is_refused() -> None:
    scores, paths = torch.zeros(3, 6, 9), torch.zeros(2, 2, 2, 6, 9)
    with pytest.raises(ValueError, match=r"paths \(2, 2, 2, 6, 8\): expected .*\(frames, 2, 2, 6, 9\)"):
        cells.warp_and_fuse(scores, None, paths[..., :8], torch.ones(2))
    with pytest.raises(ValueError, match=r"maps \(3, 6, 9\) and \(4, 6, 9\)"):
        cells.warp_and_fuse(scores, torch.zeros(4, 6, 9), paths, torch.ones(2))
    with pytest.raises(ValueError, match=r"weights \(3,\): expected \(2,\) or \(2, 6, 9\)"):
        cells.warp_and_fuse(scores, None, paths, torch.ones(3))


def test_the_kernels_compile_for_a_gpu_and_round_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For compute capability 9.0 (H100, H200), whatever this machine has; no product is merged into a sum."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    common = {"out": "*u8", "y_scale": "fp32", "x_scale": "fp32", "planes": "*u8", "confidence": "*fp32"}
    floats = {"scores", "forward", "backward", "paths", "weights"}
    for module, name, fixed in (
        (gpu, "_label_tile", {"ROWS": 16, "COLUMNS": 128}),
        (gpu, "_label_tile", {"ROWS": 1, "COLUMNS": 128, "height": 1, "width": 1, "classes": 1}),
        (cells, "_warp_block", {"PATCH": 0, "BLOCK": 128, "height": 1, "cell_step": 1}),
        (cells, "_warp_block", {"PATCH": 8, "BLOCK": 128, "factor": 1}),
    ):
        spec = importlib.util.spec_from_file_location("compiled", module.__file__)
        assert spec is not None
        assert spec.loader is not None
        fresh = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(fresh)
        kernel = getattr(fresh, name)
        kinds = {each: "*fp32" if each in floats else common.get(each, "i32") for each in kernel.arg_names}
        kinds |= {each: "fp32" for each in ("sharpness", "distance", "outside", "half_confidence") if each in kinds}
        if module is cells:
            kinds["out"] = "*fp32"
        kinds |= dict.fromkeys(fixed, "constexpr")
        constants = {(kernel.arg_names.index(each),): value for each, value in fixed.items()}
        built = triton.compile(
            ASTSource(kernel, kinds, constants),
            target=GPUTarget("cuda", 90, 32),
            options={"enable_fp_fusion": False},
        )
        assert built.asm["cubin"]
        assert "fma.rn.f32" not in built.asm["ptx"]
        assert ".local" not in built.asm["ptx"]


def test_without_triton_the_reference_takes_over_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    has_triton.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with caplog.at_level(logging.WARNING, "warpseg"):
        assert not has_triton()
        assert not has_triton()
    assert [record.getMessage() for record in caplog.records if "triton is not installed" in record.getMessage()] == [
        "triton is not installed: labels on the GPU use torch's interpolate and argmax, which are slow"
    ]
    has_triton.cache_clear()


def test_labels_on_a_gpu_take_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    need_gpu()
    monkeypatch.setattr(warpseg.labels, "labels_reference", None)
    scores = seeded(20, 64, 128)
    found = labels(scores.to(DEVICE), (1024, 2048))
    assert found.device.type == "cuda"
    assert assert_labelled(found, scores) < 0.001
