"""The paper's own way, composed of measured parts."""

from __future__ import annotations

import pytest

from warpseg.measure.speed import paper_baseline


@pytest.mark.parametrize("scheme", ["copy", "propagate", "interpolate"])
def test_the_papers_way_is_composed_of_its_parts(scheme: str) -> None:
    parts = {"network": 700.0, "warp": 10.0, "fuse": 4.0, "head": 50.0}
    between = {"copy": 50.0, "propagate": 60.0, "interpolate": 74.0}[scheme]
    assert paper_baseline.between_ms(parts, scheme) == between
    assert paper_baseline.speed_up(parts, scheme, 1) == 1
    assert paper_baseline.speed_up(parts, scheme, 5) == pytest.approx(5 * 750 / (750 + 4 * between))
    assert paper_baseline.speed_up(parts, scheme, 10**9) == pytest.approx(
        750 / between
    )  # what bounds it at any interval
