"""Stages: a run's time by stage, from its ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["milliseconds", "seconds"]


def seconds(run: Mapping[str, Any]) -> dict[str, float]:
    """Return seconds by stage, the slowest first; time outside all stages is "other"."""
    stages = {str(name): float(spent) for name, spent in (run.get("seconds_by_stage") or {}).items()}
    rest = float(run.get("seconds") or 0.0) - sum(stages.values())
    if rest > 0.0005:
        stages["other"] = rest
    return dict(sorted(stages.items(), key=lambda stage: -stage[1]))


def milliseconds(run: Mapping[str, Any]) -> dict[str, float]:
    """Return milliseconds per frame by stage, the slowest first."""
    return {stage: 1000 * spent / max(run.get("frames") or 1, 1) for stage, spent in seconds(run).items()}
