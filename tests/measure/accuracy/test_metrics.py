"""Confusion matrices and IoU against an independent count."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.labels import Labels, labels
from warpseg.measure.accuracy.metrics import confusion, iou, mean_iou


def independent_iou(pairs: list[tuple[Labels, Labels]], count: int) -> list[float | None]:
    """Count pixel by pixel, in sets: nothing in common with the implementation but the definition."""
    shares: list[float | None] = []
    for c in range(count):
        both = either = 0
        for truth, predicted in pairs:
            for t, p in zip(truth.ravel().tolist(), predicted.ravel().tolist(), strict=True):
                if t != 255:
                    both += t == c and p == c
                    either += t == c or p == c
        shares.append(both / either if either else None)
    return shares


@pytest.mark.parametrize("seed", range(5))
def test_mean_iou_is_that_of_an_independent_count(seed: int) -> None:
    count = 7
    true, predicted = {0, 1, 2, 5}, {0, 2, 3, 5}  # 1 is never found, 3 never true, 4 and 6 occur nowhere
    pairs = [(labels(10 * seed + k, true, void=0.2), labels(100 + 10 * seed + k, predicted)) for k in range(3)]
    matrix = np.sum([confusion(t, p, count) for t, p in pairs], 0)
    expected = independent_iou(pairs, count)
    assert [None if np.isnan(share) else share for share in iou(matrix)] == pytest.approx(expected)
    assert expected[4] is None
    assert expected[1] == expected[3] == 0
    found = [share for share in expected if share is not None]
    assert float(mean_iou(matrix)) == pytest.approx(sum(found) / len(found))


def test_all_void_is_no_score_and_leading_axes_are_kept() -> None:
    nothing = confusion(np.full((4, 5), 255, np.uint8), np.zeros((4, 5), np.uint8), 3)
    assert nothing.sum() == 0
    assert np.isnan(mean_iou(nothing))
    some = confusion(labels(1, range(3)), labels(2, range(3)), 3)
    stacked = np.stack([np.stack([some, nothing]), np.stack([nothing, 5 * some])])
    assert mean_iou(stacked).shape == (2, 2)
    assert mean_iou(stacked)[0, 0] == mean_iou(stacked)[1, 1] == mean_iou(some)


def test_labels_out_of_range_and_other_sizes_are_named() -> None:
    fine = np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match="true label 12"):
        confusion(np.full((4, 5), 12, np.uint8), fine, 11)
    with pytest.raises(ValueError, match="predicted label 11"):
        confusion(fine, np.full((4, 5), 11, np.uint8), 11)
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(5, 4\)"):
        confusion(fine, fine.T.copy(), 11)
