"""A profile of a tiny network, for tests of calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from tests.support.tiny_models import MODELS
from warpseg import networks
from warpseg.engine.method import Method
from warpseg.measure.calibration.profile import Profile
from warpseg.measure.calibration.profile_json import ProfileFacts
from warpseg.measure.calibration.targets import Target

MODEL = f"py:{MODELS}:tiny"
CHECKSUM = networks.load(MODEL, device="cpu").checksum


def profile(**changes: Any) -> Profile:
    """Return a profile with ``changes`` to it or to its method."""
    made = Profile(
        Method("interpolate", 7, fusion="average"), Target("min-agreement", 95.0),
        {"name": "camvid", "sha256": "ab" * 32},
        facts=cast(ProfileFacts, {"evidence": [{"interval": 7, "bound": 95.2}]}),
    )  # fmt: skip
    ways = {name: changes.pop(name) for name in ("scheme", "interval", "fusion", "motion") if name in changes}
    return replace(made, method=replace(made.method, **ways), **changes)
