"""Laws of the fusion operators (paper, section 3.6)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.support.fakes import frame, fused, propagated
from warpseg.core.fusion import Fusion, average, confidence, maximum, maximum_literal, with_confidence
from warpseg.engine.choices import FUSIONS

PARAMETER_FREE: list[Fusion] = [average, maximum, maximum_literal]
ALPHAS = [0.0, 0.1, 0.2, 1 / 3, 0.5, 0.6, 2 / 3, 0.8, 0.9, 1.0]


def features(seed: int) -> Tensor:
    """Return features as a ReLU leaves them."""
    return torch.randn(8, 9, 11, generator=torch.Generator().manual_seed(seed)).relu()


def scores(seed: int) -> Tensor:
    return 10 * torch.randn(8, 9, 11, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_average_of_equal_maps_is_the_map_bit_for_bit(alpha: float) -> None:
    x = scores(0)
    assert torch.equal(fused(average, x, x.clone(), alpha), x)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_maximum_of_equal_features_is_the_features(alpha: float) -> None:
    x = features(0)
    torch.testing.assert_close(fused(maximum, x, x.clone(), alpha), x, atol=0, rtol=2e-7)


@pytest.mark.parametrize("fuse", [average, maximum, maximum_literal])
def test_alpha_one_is_forward_and_alpha_zero_is_backward_exactly(fuse: Fusion) -> None:
    forward, backward = features(1), features(2)
    assert torch.equal(fused(fuse, forward, backward, 1.0), forward)
    assert torch.equal(fused(fuse, forward, backward, 0.0), backward)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_average_is_weighted_by_alpha(alpha: float) -> None:
    forward, backward = scores(1), scores(2)
    expected = alpha * forward.double() + (1 - alpha) * backward.double()
    torch.testing.assert_close(fused(average, forward, backward, alpha).double(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_literal_maximum_is_as_printed(alpha: float) -> None:
    forward, backward = scores(1), scores(2)
    expected = torch.where(alpha * forward > (1 - alpha) * backward, alpha * forward, (1 - alpha) * backward)
    assert torch.equal(fused(maximum_literal, forward, backward, alpha), expected)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_maximum_is_the_literal_one_over_the_larger_weight(alpha: float) -> None:
    forward, backward = features(1), features(2)
    expected = fused(maximum_literal, forward, backward, alpha) / max(alpha, 1 - alpha)
    torch.testing.assert_close(fused(maximum, forward, backward, alpha), expected, atol=0, rtol=2e-7)


def test_the_literal_maximum_shrinks_equal_features_to_half_in_the_middle() -> None:
    x = features(0)
    torch.testing.assert_close(fused(maximum_literal, x, x, 0.5), x / 2)


@pytest.mark.parametrize("fuse", PARAMETER_FREE, ids=lambda fuse: fuse.name)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_time_can_be_turned_around(fuse: Fusion, alpha: float) -> None:
    forward, backward = features(1), features(2)
    torch.testing.assert_close(fused(fuse, forward, backward, alpha), fused(fuse, backward, forward, 1 - alpha))


@pytest.mark.parametrize("fuse", PARAMETER_FREE, ids=lambda fuse: fuse.name)
def test_fusion_is_differentiable(fuse: Fusion) -> None:
    forward = features(1)[:2, :3, :3].double().requires_grad_()
    backward = (features(2)[:2, :3, :3].double() + 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: fused(fuse, a, b, 0.3), (forward, backward))


def test_fusions_go_by_their_names() -> None:
    for name, fuse in (("average", average), ("maximum", maximum), ("maximum-literal", maximum_literal)):
        assert FUSIONS[name].load() is fuse
        assert fuse.name == name
    assert FUSIONS["confidence"].load() is confidence
    assert confidence.name == "confidence"


@pytest.mark.parametrize("fuse", [*PARAMETER_FREE, confidence], ids=lambda fuse: fuse.name)
def test_one_map_alone_passes_as_it_is(fuse: Fusion) -> None:
    x = features(1)
    assert torch.equal(fuse(frame(1), propagated(x), None, 0.2).f, x)
    assert torch.equal(fuse(frame(1), None, propagated(x), 0.2).f, x)


@pytest.mark.parametrize("fuse", [*PARAMETER_FREE, confidence], ids=lambda fuse: fuse.name)
def test_measuring_confidence_changes_nothing_else(fuse: Fusion) -> None:
    told, forward, backward = with_confidence(fuse), features(1), features(2)
    assert torch.equal(fused(told, forward, backward, 0.3), fused(fuse, forward, backward, 0.3))
    assert (told.name, told.linear) == (fuse.name, fuse.linear)
