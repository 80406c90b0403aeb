"""The laws of labels: the reference decides, except between two scores within 4 ulp of each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate, one_hot

import warpseg.labels
from warpseg.labels import labels, labels_reference
from warpseg.labels.cpu import labels_cpu

Family = Callable[[int, int, int, torch.Generator], Tensor]


def random(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return torch.randn(classes, height, width, generator=generator)


def smooth(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    coarse = torch.randn(1, classes, 3, 4, generator=generator)
    return interpolate(coarse, (height, width), mode="bicubic", align_corners=False)[0]


def integer(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return torch.randint(-3, 4, (classes, height, width), generator=generator).float()


def hot(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return one_hot(torch.randint(classes, (height, width), generator=generator), classes).permute(2, 0, 1).float()


def rounded(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return smooth(classes, height, width, generator).bfloat16().float()


def constant(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return torch.full((classes, height, width), 0.1)


def near_ties(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    ulps = torch.randint(-1, 2, (classes, height, width), generator=generator) * 2.0**-23
    return torch.randn(1, height, width, generator=generator) * (1 + ulps)


def opposed(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    half = near_ties(classes, height, width, generator)
    return torch.where(torch.arange(classes)[:, None, None] % 2 == 0, half, -half)


def offset(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return smooth(classes, height, width, generator) + 1e5


def subnormal(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return smooth(classes, height, width, generator) * 1e-43


def huge(classes: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    return random(classes, height, width, generator) * 1e37


FAMILIES: list[Family] = [
    random, smooth, integer, hot, rounded, constant, near_ties, opposed, offset, subnormal, huge,
]  # fmt: skip
SIZES = [
    ((5, 7), (80, 112)),
    ((5, 9), (81, 143)),
    ((6, 11), (97, 47)),
    ((3, 40), (50, 97)),
    ((20, 31), (80, 124)),
    ((40, 50), (61, 69)),
    ((33, 65), (66, 65)),
    ((70, 60), (70, 60)),
    ((2, 3), (150, 301)),
]
TINY = [
    ((1, 1), (1, 1)),
    ((1, 1), (200, 300)),
    ((1, 9), (7, 150)),
    ((9, 1), (150, 1)),
    ((2, 2), (5, 3)),
    ((4, 4), (64, 64)),
    ((4, 4), (64, 65)),
]


@pytest.fixture(autouse=True)
def torch_threads() -> Iterator[None]:
    """One thread, as small maps gain nothing from two; tests that want two say so."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_lawful(scores: Tensor, size: tuple[int, int]) -> None:
    found = labels(scores, size)
    assert found.shape == size
    assert found.dtype == (torch.uint8 if scores.shape[0] <= 255 else torch.int32)
    upsampled = interpolate(scores.float()[None], size, mode="bilinear", align_corners=False)[0]
    best, first = upsampled.max(0)
    chosen = upsampled.gather(0, found.long()[None])[0]
    second = upsampled.scatter(0, first[None], -torch.inf).amax(0)
    gap = best.double() - second.double()
    ulp = torch.from_numpy(np.spacing(np.maximum(best.abs().numpy(), second.abs().numpy())))
    clear = gap > 4 * ulp.double()
    assert torch.equal(found.long()[clear], first[clear])
    assert (chosen >= second).all()


@pytest.mark.parametrize("classes", [2, 3, 19, 20, 150, 255])
@pytest.mark.parametrize("family", FAMILIES)
def test_labels_follow_the_reference(family: Family, classes: int) -> None:
    for number, (source, size) in enumerate(SIZES if classes < 100 else SIZES[:4]):
        assert_lawful(family(classes, *source, seeded(number)), size)


@pytest.mark.parametrize("family", FAMILIES)
def test_three_classes_round_otherwise_with_two_threads(family: Family) -> None:
    torch.set_num_threads(2)
    for number, (source, size) in enumerate(SIZES):
        assert_lawful(family(3, *source, seeded(number)), size)


@pytest.mark.parametrize("classes", [2, 3, 21])
@pytest.mark.parametrize("family", FAMILIES)
def test_tiny_maps(family: Family, classes: int) -> None:
    for number, (source, size) in enumerate(TINY):
        assert_lawful(family(classes, *source, seeded(number)), size)


@pytest.mark.parametrize("classes", [2, 3, 20])
def test_every_stride(classes: int) -> None:
    for stride in [*range(1, 18), 24, 31, 32, 33]:
        source = (max(4, 70 // stride), max(5, 90 // stride))
        size = (source[0] * stride, source[1] * stride + stride // 2)
        assert_lawful(near_ties(classes, *source, seeded(stride)), size)
        assert_lawful(smooth(classes, *source, seeded(stride)), size)


@pytest.mark.parametrize("size", [(20, 30), (7, 200), (200, 9), (1, 1), (1, 500)])
def test_smaller_sizes(size: tuple[int, int]) -> None:
    assert_lawful(random(7, 40, 50, seeded(0)), size)


@pytest.mark.parametrize("classes", [256, 300])
def test_many_classes_need_wider_labels(classes: int) -> None:
    scores = random(classes, 5, 9, seeded(0))
    scores[classes - 1, 2, 3] = 100
    assert_lawful(scores, (80, 144))
    assert labels(scores, (80, 144)).max() == classes - 1


def test_one_class() -> None:
    assert not labels(torch.randn(1, 5, 9), (80, 144)).any()


def test_the_first_of_equal_scores_wins() -> None:
    assert not labels(torch.full((20, 8, 16), 0.1), (128, 256)).any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_types_are_converted(dtype: torch.dtype) -> None:
    scores = random(20, 8, 16, seeded(0)).to(dtype)
    assert_lawful(scores, (128, 256))


def channels_last(scores: Tensor) -> Tensor:
    return scores.permute(1, 2, 0).contiguous().permute(2, 0, 1)


@pytest.mark.parametrize("classes", [2, 3, 7, 8, 20, 33])
@pytest.mark.parametrize("family", FAMILIES)
def test_channels_last_scores_follow_their_own_reference(family: Family, classes: int) -> None:
    for number, (source, size) in enumerate([*SIZES[:5], *TINY]):
        assert_lawful(channels_last(family(classes, *source, seeded(number))), size)


def test_a_strided_view_and_a_parameter_are_labelled_like_their_copy() -> None:
    scores = near_ties(20, 8, 16, seeded(0))
    expected = labels(scores, (128, 256))
    strided = torch.zeros(40, 16, 48)[::2, ::2, ::3].copy_(scores)
    for view in (strided, scores.requires_grad_()):
        assert torch.equal(labels(view, (128, 256)), expected)
        assert torch.equal(labels_reference(view, (128, 256)), labels_reference(scores, (128, 256)))


def test_upsampling_does_not_fall_back_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = random(20, 8, 16, seeded(0))
    expected = labels_reference(scores, (128, 256))
    if not warpseg.labels._has_kernel(scores, 128, 256):
        pytest.skip("no kernel for this processor")
    monkeypatch.setattr(warpseg.labels, "labels_reference", None)
    assert torch.equal(labels(scores, (128, 256)), expected)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_scores_that_are_not_finite_are_left_to_the_reference(value: float) -> None:
    torch.set_num_threads(2)
    scores = random(20, 40, 64, seeded(0))
    scores[3, 39, 60] = value
    assert labels_cpu(scores, (640, 1024)) is None
    assert torch.equal(labels(scores, (640, 1024)), labels_reference(scores, (640, 1024)))


def test_the_reference_in_chunks_is_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in FAMILIES:
        scores = family(27, 5, 9, seeded(0))
        scores[17, 2, 3] = torch.nan
        scores[5, 3:5, 3] = torch.nan
        monkeypatch.setattr(warpseg.labels.reference, "_CHUNK_BYTES", 1)
        for view in (scores, channels_last(scores)):
            full = interpolate(view[None], (60, 83), mode="bilinear", align_corners=False)[0].argmax(0)
            assert torch.equal(labels_reference(view, (60, 83)).long(), full)


def test_calls_from_several_threads_do_not_disturb_each_other() -> None:
    torch.set_num_threads(2)
    maps = [smooth(20, 32, 64, seeded(seed)) for seed in range(12)]
    size = (512, 1024)
    expected = [labels(scores, size) for scores in maps]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(4):
            found = list(pool.map(lambda scores: labels(scores, size), maps))
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_what_cannot_be_labelled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        labels(torch.zeros(2, 3), (4, 4))
    with pytest.raises(ValueError, match="none of them 0"):
        labels(torch.zeros(0, 3, 3), (4, 4))
    with pytest.raises(ValueError, match=r"\(0, 4\)"):
        labels(torch.zeros(2, 3, 3), (0, 4))
    with pytest.raises(TypeError, match="int64"):
        labels(torch.zeros(2, 3, 3, dtype=torch.int64), (4, 4))
