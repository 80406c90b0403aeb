"""Laws of warp, compose, follow, invert and negate; ``grid_sample`` is the oracle."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from warpseg.core.geometry import blend, compose, follow, interleaved, invert, negate, resample, sample, warp
from warpseg.types import MotionField

SIZES = [(1, 1), (1, 9), (5, 7), (16, 32), (33, 61)]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def field(offsets: Tensor, confidence: float = 1.0) -> MotionField:
    return MotionField(offsets, torch.full(offsets.shape[1:], confidence))


def constant(dx: float, dy: float, size: tuple[int, int]) -> MotionField:
    """Return the field that points ``dx`` cells right and ``dy`` cells down everywhere."""
    height, width = size
    return field(torch.tensor([dx / width, dy / height])[:, None, None].expand(2, *size).contiguous())


def centres(size: tuple[int, int], dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the cell centres (2, h, w) as fractions of the frame."""
    height, width = size
    y, x = torch.meshgrid(
        (torch.arange(height, dtype=dtype) + 0.5) / height,
        (torch.arange(width, dtype=dtype) + 0.5) / width,
        indexing="ij",
    )
    return torch.stack([x, y])


def affine(matrix: list[list[float]], shift: list[float], size: tuple[int, int]) -> MotionField:
    """Return the field whose offset at ``p`` is ``matrix (p - 0.5) + shift``."""
    return field(
        torch.einsum("ij,jhw->ihw", torch.tensor(matrix), centres(size) - 0.5) + torch.tensor(shift)[:, None, None]
    )


def smooth(size: tuple[int, int], amplitude: float, seed: int = 0) -> MotionField:
    """Return a random smooth field of at most ``amplitude`` of the frame."""
    coarse = (2 * torch.rand(2, 3, 3, generator=generator(seed)) - 1) * amplitude
    return field(
        F.interpolate(coarse[None], size=size, mode="bicubic", align_corners=True)[0].clamp(-amplitude, amplitude)
    )


def oracle(x: Tensor, offsets: Tensor) -> Tensor:
    """Warp by ``grid_sample`` with border padding and the same pixel centres."""
    grid = 2 * (centres((x.shape[-2], x.shape[-1]), x.dtype) + offsets.to(x.dtype)) - 1
    return F.grid_sample(
        x[None], grid.permute(1, 2, 0)[None], mode="bilinear", padding_mode="border", align_corners=False
    )[0]


# warp: without gradients a kernel samples on the CPU, with them torch does


either_way = pytest.mark.parametrize("gradient", [False, True], ids=["kernel", "torch"])


@either_way
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grid", [(1, 1), (4, 3), None])
def test_zero_motion_returns_the_map_bit_for_bit(
    size: tuple[int, int], grid: tuple[int, int] | None, dtype: torch.dtype, gradient: bool
) -> None:
    x = (100 * torch.randn(7, *size, generator=generator(), dtype=torch.float64)).to(dtype).requires_grad_(gradient)
    y = warp(x, MotionField.zero(grid or size))
    assert y.requires_grad == gradient
    assert y.dtype == dtype
    assert torch.equal(y, x)


def test_zero_motion_is_the_identity_for_many_channels_and_any_leading_dimensions() -> None:
    x = torch.randn(2, 1024, 5, 9, generator=generator())
    assert torch.equal(warp(x, MotionField.zero((3, 3))), x)
    assert torch.equal(warp(x[0, 0], MotionField.zero((3, 3))), x[0, 0])


@pytest.mark.parametrize("channels_last", [False, True])
def test_memory_layout_does_not_matter(channels_last: bool) -> None:
    x = torch.randn(1, 6, 9, 11, generator=generator())
    motion = smooth((9, 11), 0.2)
    last, transposed = x.contiguous(memory_format=torch.channels_last), x.mT.contiguous().mT
    laid_out = last if channels_last else transposed
    assert torch.equal(warp(laid_out, motion), warp(x, motion))


@either_way
@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (-3, 2), (5, -4), (-2, -2)])
def test_integer_shift_is_slicing_exactly_on_powers_of_two(dx: int, dy: int, gradient: bool) -> None:
    h, w = 16, 32
    x = torch.randn(3, h, w, generator=generator())
    y = warp(x.requires_grad_(gradient), constant(dx, dy, (h, w)))
    rows = torch.arange(h).add(dy).clamp(0, h - 1)
    columns = torch.arange(w).add(dx).clamp(0, w - 1)
    assert torch.equal(y, x[:, rows][:, :, columns])  # all of it: outside, the border continues


@either_way
@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (-3, 2), (5, -4)])
@pytest.mark.parametrize("size", [(15, 27), (45, 80), (33, 61)])
def test_integer_shift_is_slicing_to_rounding_on_any_size(
    dx: int, dy: int, size: tuple[int, int], gradient: bool
) -> None:
    h, w = size
    x = torch.randn(3, h, w, generator=generator())
    y = warp(x.requires_grad_(gradient), constant(dx, dy, size))
    rows, columns = torch.arange(max(-dy, 0), h - max(dy, 0)), torch.arange(max(-dx, 0), w - max(dx, 0))
    torch.testing.assert_close(y[:, rows][:, :, columns], x[:, rows + dy][:, :, columns + dx], atol=5e-5, rtol=0)


@either_way
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("amplitude", [0.02, 0.3, 2.0])
def test_grid_sample_is_the_oracle(size: tuple[int, int], amplitude: float, gradient: bool) -> None:
    x = torch.randn(5, *size, generator=generator(1))
    offsets = amplitude * torch.randn(2, *size, generator=generator(2))
    torch.testing.assert_close(warp(x.requires_grad_(gradient), field(offsets)), oracle(x, offsets), atol=1e-4, rtol=0)


def test_half_precision_follows_the_oracle_to_its_rounding() -> None:
    x = torch.randn(4, 12, 20, generator=generator(1)).bfloat16()
    offsets = 0.1 * torch.randn(2, 12, 20, generator=generator(2))
    torch.testing.assert_close(warp(x, field(offsets)).float(), oracle(x.float(), offsets), atol=5e-2, rtol=0)


def test_warp_is_differentiable_in_the_map() -> None:
    offsets = (0.2 * torch.randn(2, 4, 5, generator=generator(3))).double()
    x = torch.randn(2, 4, 5, generator=generator(4), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: warp(x, field(offsets)), (x,))


def test_warp_is_differentiable_in_the_offsets() -> None:
    h, w = 5, 6
    g = generator(5)
    x = torch.randn(2, h, w, generator=g, dtype=torch.float64)
    # Sampling positions between 0.2 and 0.8 of a cell: bilinear interpolation has kinks at whole cells.
    target = torch.stack([
        torch.randint(0, w - 1, (h, w), generator=g) + 0.2 + 0.6 * torch.rand(h, w, generator=g, dtype=torch.float64),
        torch.randint(0, h - 1, (h, w), generator=g) + 0.2 + 0.6 * torch.rand(h, w, generator=g, dtype=torch.float64),
    ])  # fmt: skip
    start = torch.stack([torch.arange(w).expand(h, w), torch.arange(h)[:, None].expand(h, w)])
    offsets = ((target - start) / torch.tensor([w, h])[:, None, None]).requires_grad_()
    assert torch.autograd.gradcheck(lambda offsets: warp(x, field(offsets)), (offsets,))


def test_gradients_at_borders_and_zero_motion_are_finite() -> None:
    x = torch.randn(2, 6, 6, generator=generator(), requires_grad=True)
    for offsets in (torch.zeros(2, 6, 6), torch.full((2, 6, 6), 3.0), torch.full((2, 6, 6), -3.0)):
        o = offsets.clone().requires_grad_()
        gradients = torch.autograd.grad(warp(x, field(o)).square().sum(), (x, o))
        assert all(bool(g.isfinite().all()) for g in gradients)


@either_way
@pytest.mark.parametrize("amplitude", [0.1, 1.5])
def test_constants_survive_bit_for_bit(amplitude: float, gradient: bool) -> None:
    motion = field(amplitude * torch.randn(2, 13, 17, generator=generator(6)))
    x = torch.tensor([0.1, -3.7, 1e6])[:, None, None].repeat(1, 13, 17)
    assert torch.equal(warp(x.requires_grad_(gradient), motion), x)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -float("inf"), 1e30, -1e30])
def test_no_offset_reads_beyond_the_map(offset: float) -> None:
    x = torch.randn(3, 20, 30, generator=generator())
    y = warp(x, field(torch.full((2, 20, 30), offset)))
    assert bool(torch.isin(y, x).all())


def test_nothing_is_invented() -> None:
    x = torch.randn(4, 13, 17, generator=generator(7))
    y = warp(x, field(0.4 * torch.randn(2, 13, 17, generator=generator(8))))
    assert float(y.amin()) >= float(x.amin())
    assert float(y.amax()) <= float(x.amax())


@pytest.mark.parametrize("grid", [(12, 20), (6, 10), (25, 31)])
def test_a_1x1_convolution_with_bias_commutes(grid: tuple[int, int]) -> None:
    g = generator(9)
    x = torch.randn(1, 32, 12, 20, generator=g)
    weight, bias = torch.randn(7, 32, 1, 1, generator=g) / 32**0.5, 5 * torch.randn(7, generator=g)
    motion = field(0.3 * torch.randn(2, *grid, generator=g))
    torch.testing.assert_close(
        warp(F.conv2d(x, weight, bias), motion), F.conv2d(warp(x, motion), weight, bias), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("grid", [(1, 1), (5, 9), (40, 40), (32, 64)])
def test_a_constant_field_means_the_same_on_every_grid(grid: tuple[int, int]) -> None:
    x = torch.randn(3, 16, 32, generator=generator(10))
    motion = field(torch.tensor([3 / 32, -2 / 16])[:, None, None].expand(2, *grid).contiguous())
    torch.testing.assert_close(warp(x, motion), warp(x, constant(3, -2, (16, 32))), atol=2e-5, rtol=0)


@pytest.mark.parametrize("scale", [0.5, 2.0, 1.7])
def test_an_affine_field_survives_resampling_away_from_borders(scale: float) -> None:
    fine = affine([[0.1, -0.2], [0.3, 0.05]], [0.01, -0.02], (40, 60))
    size = round(40 * scale), round(60 * scale)
    expected = affine([[0.1, -0.2], [0.3, 0.05]], [0.01, -0.02], size)
    there = resample(fine.offsets, size)
    torch.testing.assert_close(there[:, 4:-4, 4:-4], expected.offsets[:, 4:-4, 4:-4], atol=1e-5, rtol=0)


# compose


def test_the_zero_field_is_the_identity_of_compose_on_both_sides() -> None:
    motion = MotionField(smooth((9, 13), 0.02).offsets, torch.rand(9, 13, generator=generator()))
    zero = MotionField.zero((9, 13))
    before, after = compose(zero, motion), compose(motion, zero)
    assert torch.equal(before.offsets, motion.offsets)
    assert torch.equal(after.offsets, motion.offsets)
    assert torch.equal(before.confidence, motion.confidence)
    torch.testing.assert_close(after.confidence[1:-1, 1:-1], motion.confidence[1:-1, 1:-1], atol=0, rtol=0)


def test_zero_on_the_coarsest_grid_is_the_identity_as_well() -> None:
    motion = smooth((9, 13), 0.1)
    assert torch.equal(compose(motion, MotionField.zero()).offsets, motion.offsets)


@pytest.mark.parametrize(("a", "b"), [((1, 2), (3, -1)), ((-2.5, 0.25), (0.5, 4)), ((7, 0), (-7, 0))])
def test_constant_fields_compose_exactly(a: tuple[float, float], b: tuple[float, float]) -> None:
    size = 16, 32
    total = compose(constant(*a, size), constant(*b, size))
    assert torch.equal(total.offsets, constant(a[0] + b[0], a[1] + b[1], size).offsets)


def test_affine_fields_compose_to_rounding_and_in_the_right_order() -> None:
    size = 32, 48
    A, a = torch.tensor([[0.10, -0.05], [0.02, 0.08]]), torch.tensor([0.01, -0.02])
    B, b = torch.tensor([[-0.07, 0.10], [0.12, 0.03]]), torch.tensor([-0.015, 0.03])
    first, second = affine(A.tolist(), a.tolist(), size), affine(B.tolist(), b.tolist(), size)
    # p -> q = p + A p + a -> q + B q + b, about the frame's middle
    expected = affine((A + B + B @ A).tolist(), (a + b + B @ a).tolist(), size)
    other_order = affine((A + B + A @ B).tolist(), (a + b + A @ b).tolist(), size)
    inner = (slice(None), slice(5, -5), slice(5, -5))
    torch.testing.assert_close(compose(first, second).offsets[inner], expected.offsets[inner], atol=1e-6, rtol=0)
    assert float((compose(first, second).offsets - other_order.offsets)[inner].abs().max()) > 1e-3


def test_one_warp_by_the_composed_field_is_two_warps() -> None:
    size = 32, 48
    x = torch.stack([centres(size)[0], centres(size)[1]])  # bilinear sampling is exact on ramps
    first = affine([[0.1, -0.05], [0.02, 0.08]], [0.01, -0.02], size)
    second = affine([[-0.07, 0.1], [0.1, 0.0]], [0.0, 0.03], size)
    inner = (slice(None), slice(6, -6), slice(6, -6))
    torch.testing.assert_close(
        warp(x, compose(first, second))[inner], warp(warp(x, second), first)[inner], atol=1e-6, rtol=0
    )


def test_composition_takes_the_grid_of_the_first_field() -> None:
    total = compose(constant(1, 1, (8, 16)), MotionField.zero((20, 30)))
    assert total.size == (8, 16)
    assert torch.equal(total.offsets, constant(1, 1, (8, 16)).offsets)


def test_confidence_is_the_lesser_and_zero_once_the_path_leaves_the_frame() -> None:
    size = 8, 16
    first = MotionField(constant(4, 0, size).offsets, torch.full(size, 0.7))
    second = MotionField(constant(-4, 0, size).offsets, torch.full(size, 0.4))
    confidence = compose(first, second).confidence
    torch.testing.assert_close(confidence[:, :12], torch.full((8, 12), 0.4))
    assert torch.equal(confidence[:, 12:], torch.zeros(8, 4))
    assert torch.equal(compose(constant(0, -100, size), second).confidence, torch.zeros(size))


# negate and invert


def test_negate_turns_offsets_around_and_keeps_confidence() -> None:
    motion = MotionField(smooth((7, 9), 0.2).offsets, torch.rand(7, 9, generator=generator()))
    assert torch.equal(negate(motion).offsets, -motion.offsets)
    assert torch.equal(negate(motion).confidence, motion.confidence)
    assert torch.equal(negate(negate(motion)).offsets, motion.offsets)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 32)])
def test_the_inverse_of_zero_is_zero(size: tuple[int, int]) -> None:
    inverse = invert(MotionField.zero(size))
    assert torch.equal(inverse.offsets, torch.zeros(2, *size))
    torch.testing.assert_close(inverse.confidence, torch.ones(size))


@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (-3, 2), (2.5, -1.25), (0.3, 0.7)])
def test_constant_fields_invert_exactly_away_from_borders(dx: float, dy: float) -> None:
    size = 16, 32
    inverse = invert(constant(dx, dy, size))
    inner = slice(4, -4), slice(4, -4)
    torch.testing.assert_close(
        inverse.offsets[:, *inner], constant(-dx, -dy, size).offsets[:, *inner], atol=1e-7, rtol=1e-6
    )
    torch.testing.assert_close(inverse.confidence[inner], torch.ones(size)[inner])


def test_cells_where_nothing_lands_have_no_confidence_and_continue_their_neighbours() -> None:
    size = 16, 32
    inverse = invert(constant(4, 0, size))  # the other frame's first four columns are seen from nowhere
    assert torch.equal(inverse.confidence[:, :4], torch.zeros(16, 4))
    torch.testing.assert_close(inverse.confidence[:, 4:], torch.ones(16, 28))
    torch.testing.assert_close(inverse.offsets, constant(-4, 0, size).offsets, atol=1e-3, rtol=0)


@pytest.mark.parametrize("offset", [2.0, -50.0])
def test_a_field_that_leaves_the_frame_everywhere_inverts_to_nothing_known(offset: float) -> None:
    inverse = invert(field(torch.full((2, 9, 11), offset)))
    assert bool(inverse.offsets.isfinite().all())
    assert torch.equal(inverse.confidence, torch.zeros(9, 11))


@pytest.mark.parametrize(("growth", "cells"), [(0.2, 0.1), (0.5, 0.2), (1.0, 0.5)])
def test_an_expanding_field_inverts_without_holes(growth: float, cells: float) -> None:
    size = 30, 42
    inverse = invert(affine([[growth, 0.0], [0.0, growth]], [0.0, 0.0], size))
    shrunk = -growth / (1 + growth)
    expected = affine([[shrunk, 0.0], [0.0, shrunk]], [0.0, 0.0], size)
    error = (inverse.offsets - expected.offsets)[:, 3:-3, 3:-3].abs().amax((1, 2)) * torch.tensor([42, 30])
    assert float(error.max()) < cells


@pytest.mark.parametrize("seed", range(3))
def test_inverting_noise_gives_numbers(seed: int) -> None:
    inverse = invert(field(0.5 * torch.randn(2, 15, 21, generator=generator(seed))))
    assert bool(inverse.offsets.isfinite().all())
    assert bool(inverse.confidence.isfinite().all())
    assert float(inverse.confidence.min()) >= 0
    assert float(inverse.confidence.max()) <= 1 + 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_inverting_a_smooth_field_twice_gives_it_back(seed: int) -> None:
    motion = smooth((32, 48), 0.05, seed)
    twice = invert(invert(motion))
    inner = (slice(None), slice(5, -5), slice(5, -5))
    cell = 1 / 32
    assert float((twice.offsets - motion.offsets)[inner].abs().max()) < 0.1 * cell
    assert float(motion.offsets[inner].abs().max()) > cell


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_field_and_its_inverse_compose_to_nothing(seed: int) -> None:
    motion = smooth((32, 48), 0.05, seed)
    inner = (slice(None), slice(5, -5), slice(5, -5))
    for there_and_back in (compose(motion, invert(motion)), compose(invert(motion), motion)):
        assert float(there_and_back.offsets[inner].abs().max()) < 0.1 / 32


def test_a_moving_object_is_found_where_it_was() -> None:
    offsets = torch.zeros(2, 16, 32)
    offsets[0, 4:10, 12:18] = -4 / 32  # the object, now at columns 12 to 18, was at 8 to 14
    confidence = torch.ones(16, 32)
    confidence[4:10, 8:12] = 0  # what it has uncovered was seen nowhere
    inverse = invert(MotionField(offsets, confidence))
    torch.testing.assert_close(inverse.offsets[0, 4:10, 8:12], torch.full((6, 4), 4 / 32), atol=0.05 * 4 / 32, rtol=0)
    torch.testing.assert_close(inverse.offsets[0, 4:10, 12:14], torch.full((6, 2), 4 / 32))
    assert torch.equal(inverse.offsets[:, :, :8], torch.zeros(2, 16, 8))
    # What it is about to cover is seen by no cell of this frame.
    assert torch.equal(inverse.confidence[4:10, 14:18], torch.zeros(6, 4))


def test_splatting_prefers_what_is_known() -> None:
    offsets = torch.zeros(2, 8, 16)
    offsets[0, :, 4] = 4 / 16  # column 4 lands on column 8, where column 8 itself lands
    confidence = torch.ones(8, 16)
    confidence[:, 4] = 0
    inverse = invert(MotionField(offsets, confidence))
    assert float(inverse.offsets[0, :, 8].abs().max()) < 0.05 * 4 / 16


def test_sample_is_warp_on_the_same_grid() -> None:
    x, motion = torch.randn(3, 9, 11, generator=generator()), smooth((9, 11), 0.2)
    assert torch.equal(sample(x, motion.offsets), warp(x, motion))


# blend: two maps are warped and averaged in one pass


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0, None], ids=str)
@pytest.mark.parametrize("channels", [1, 7, 16, 37])
@pytest.mark.parametrize("size", SIZES)
def test_blending_is_warping_and_averaging(size: tuple[int, int], channels: int, share: float | None) -> None:
    first, second = torch.randn(2, channels, *size, generator=generator(3))
    to_first, to_second = smooth(size, 0.3, seed=1), smooth((4, 3), 0.3, seed=2)
    weight = torch.rand(size, generator=generator(4)) if share is None else share
    expected = torch.lerp(warp(second, to_second), warp(first, to_first), weight)
    for a, b in ((first, second), (interleaved(first), second), (interleaved(first), interleaved(second))):
        blended = blend(a, to_first, b, to_second, weight)
        if share in (0.0, 1.0):
            assert torch.equal(blended, expected)
        assert torch.allclose(blended, expected, rtol=0, atol=1e-6)
    with_gradient = blend(first.clone().requires_grad_(), to_first, second, to_second, weight)
    assert with_gradient.requires_grad
    assert torch.equal(with_gradient, torch.lerp(warp(second, to_second), with_gradient_of(first, to_first), weight))


def with_gradient_of(x: Tensor, motion: MotionField) -> Tensor:
    return warp(x.clone().requires_grad_(), motion)


def test_maps_that_agree_come_back_bit_for_bit_whatever_the_weights() -> None:
    x = torch.randn(11, 9, 14, generator=generator()) * 1e3
    still = MotionField.zero((9, 14))
    assert torch.equal(blend(x, still, x, still, torch.rand(9, 14, generator=generator(1))), x)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -float("inf"), 1e30, -1e30])
def test_no_blend_reads_beyond_the_maps(offset: float) -> None:
    x, y = torch.randn(2, 3, 20, 30, generator=generator())
    wild, still = field(torch.full((2, 20, 30), offset)), MotionField.zero((20, 30))
    assert bool(torch.isin(blend(x, wild, y, still, 1.0), x).all())
    assert bool(torch.isin(blend(x, still, y, wild, 0.0), y).all())


def test_maps_and_paths_of_other_sizes_are_refused() -> None:
    x, still = torch.zeros(3, 4, 6), MotionField.zero((4, 6))
    for other in (torch.zeros(3, 4, 7), torch.zeros(2, 4, 6)):
        with pytest.raises(ValueError, match="only maps of one shape"):
            blend(x, still, other, still, 0.5)
    with pytest.raises(ValueError, match="the map's own grid"):
        sample(x, torch.zeros(2, 4, 7))


@pytest.mark.parametrize("channels", [1, 11, 16, 33])
def test_interleaving_changes_the_memory_only(channels: int) -> None:
    x = torch.randn(channels, 5, 7, generator=generator())
    once = interleaved(x)
    assert torch.equal(once, x)
    assert interleaved(once) is once
    apart = torch.randn(2, 5, 7, 32, generator=generator())[1].permute(2, 0, 1)[:channels]  # not at its storage's start
    assert torch.equal(interleaved(apart), apart)
    part, still = interleaved(torch.randn(32, 5, 7, generator=generator()))[16:], MotionField.zero((5, 7))
    assert torch.equal(blend(part, still, part, still, 0.5), part)
    assert torch.equal(warp(once, smooth((5, 7), 0.2)), warp(x, smooth((5, 7), 0.2)))
    for other in (x.double(), x.clone().requires_grad_(), x[0]):
        assert interleaved(other) is other


# follow


def placed(offsets: Tensor) -> MotionField:
    """Return a field whose confidence differs from cell to cell."""
    return MotionField(offsets, 0.1 + 0.9 * torch.rand(offsets.shape[1:], generator=generator(12)))


@pytest.mark.parametrize("size", SIZES)
def test_following_nothing_stays(size: tuple[int, int]) -> None:
    motion = follow([], size)
    assert torch.equal(motion.offsets, torch.zeros(2, *size))
    assert torch.equal(motion.confidence, torch.ones(size))


@pytest.mark.parametrize("size", SIZES)
def test_following_one_field_on_its_own_grid_is_that_field(size: tuple[int, int]) -> None:
    one = placed(0.2 * torch.randn(2, *size, generator=generator(11)))
    motion = follow([one], size)
    torch.testing.assert_close(motion.offsets, one.offsets, atol=2e-7, rtol=0)  # a position's rounding
    end = centres(size) + one.offsets
    inside = ((end >= 0) & (end <= 1)).all(0)
    assert torch.equal(motion.confidence, one.confidence * inside)


@pytest.mark.parametrize("size", [(16, 32), (32, 64)])
def test_following_constant_fields_sums_exactly(size: tuple[int, int]) -> None:
    steps = [(1, 2), (3, -1), (-2, 0), (0.5, 0.25), (4, 1)]
    motion = follow([constant(*step, size) for step in steps], size)
    total = constant(sum(x for x, _ in steps), sum(y for _, y in steps), size)
    assert torch.equal(motion.offsets, total.offsets)  # on powers of two, everywhere: the border's motion continues
    assert torch.equal(motion.confidence[4:-4, :-8], torch.ones(size)[4:-4, :-8])


@pytest.mark.parametrize("size", [(15, 27), (33, 61)])
def test_following_is_adding_up_the_cells_on_the_way(size: tuple[int, int]) -> None:
    fields = [smooth(size, 0.05, seed) for seed in range(4)]
    motion = follow(fields, size)
    for row, column in [(0, 0), (3, 20), (7, 13), (14, 26)]:
        x, y = (column + 0.5) / size[1], (row + 0.5) / size[0]
        for one in fields:
            cell = min(max(int(y * size[0]), 0), size[0] - 1), min(max(int(x * size[1]), 0), size[1] - 1)
            x, y = x + float(one.offsets[0][cell]), y + float(one.offsets[1][cell])
        found = motion.offsets[:, row, column] + centres(size)[:, row, column]
        torch.testing.assert_close(found, torch.tensor([x, y]), atol=1e-6, rtol=0)


def test_motion_stays_sharp_at_an_edge_however_long_the_path() -> None:
    size = 16, 64
    still_left = constant(0, 0, size).offsets
    still_left[0, :, 32:] = 1 / 64
    motion = follow([field(still_left)] * 20, size)
    assert torch.equal(motion.offsets[0, :, :32], torch.zeros(16, 32))
    assert torch.equal(motion.offsets[0, :, 32:44], torch.full((16, 12), 20 / 64))


def test_confidence_is_the_least_on_the_way() -> None:
    size = 8, 16
    first, second = constant(4, 0, size), MotionField.zero(size)
    second.confidence[:, 6] = 0.25  # which is reached from column 2
    first.confidence[:, 3] = 0.5
    confidence = follow([first, second], size).confidence
    expected = torch.ones(size)
    expected[:, 2], expected[:, 3], expected[:, 12:] = 0.25, 0.5, 0
    assert torch.equal(confidence, expected)


def test_a_path_that_leaves_the_frame_has_no_confidence_even_if_it_returns() -> None:
    size = 8, 16
    there_and_back = follow([constant(4, 0, size), constant(-4, 0, size)], size)
    assert torch.equal(there_and_back.offsets, torch.zeros(2, *size))
    assert torch.equal(there_and_back.confidence, torch.ones(size) * (torch.arange(16) < 12))
    for motion in (constant(0, -100, size), constant(100, 0, size)):
        assert not follow([motion], size).confidence.any()


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -float("inf"), 1e30, -1e30])
def test_no_path_reads_beyond_the_field(offset: float) -> None:
    size = 20, 30
    wild = field(torch.full((2, *size), offset))
    wild.offsets[:, :10] = 0
    motion = follow([wild, smooth(size, 0.02), wild, smooth(size, 0.02)], size)
    assert bool(motion.offsets[:, 1:8, 2:-2].isfinite().all())
    assert bool((motion.confidence[1:8, 2:-2] == 1).all())
    assert not motion.confidence[10:].any()  # NaN is nowhere


@pytest.mark.parametrize("grid", [(1, 1), (5, 9), (40, 40), (16, 32)])
def test_fields_on_different_grids_are_followed_alike(grid: tuple[int, int]) -> None:
    def on(x: float, y: float, size: tuple[int, int]) -> MotionField:
        return field(torch.tensor([x, y])[:, None, None].expand(2, *size).contiguous())

    motion = follow([on(0.1, -0.05, grid), on(0.02, 0.03, (7, 3)), on(-0.04, 0.01, (1, 1))], (16, 32))
    assert motion.size == (16, 32)
    torch.testing.assert_close(motion.offsets, on(0.08, -0.01, (16, 32)).offsets, atol=2e-7, rtol=0)
    # A coarser grid takes what is at the cell's middle.
    ramp = affine([[0.1, 0.0], [0.0, -0.1]], [0.0, 0.0], (48, 96))
    torch.testing.assert_close(
        follow([ramp], (16, 32)).offsets, affine([[0.1, 0.0], [0.0, -0.1]], [0.0, 0.0], (16, 32)).offsets,
        atol=1e-6, rtol=0,
    )  # fmt: skip
