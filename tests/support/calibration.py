"""A profile of a tiny network, for tests of calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from tests.support.tiny_models import MODELS
from warpseg import networks
from warpseg.measure.calibration.profile import Profile
from warpseg.measure.calibration.profile_json import ProfileFacts
from warpseg.measure.calibration.targets import Target

MODEL, CHECKSUM = f"py:{MODELS}:tiny", networks.checksum(MODELS)


def profile(**changes: Any) -> Profile:
    made = Profile(
        "interpolate", 7, "average", "auto", Target("min-agreement", 95.0), {"name": "camvid", "sha256": "ab" * 32},
        facts=cast(ProfileFacts, {"evidence": [{"interval": 7, "bound": 95.2}]}),
    )  # fmt: skip
    return replace(made, **changes)
