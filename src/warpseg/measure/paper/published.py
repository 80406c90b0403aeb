"""Published numbers of the paper (Cityscapes, DeepLab with ResNet-101, Tesla K80), and its schemes as methods."""

from __future__ import annotations

from typing import Any

from warpseg.engine.method import EVERY, Method

__all__ = ["BASELINE", "BREAKDOWN_MS", "TABLE_1", "TABLE_2", "retention", "table1_settings"]

BASELINE = 75.2  # mIoU frame by frame

# By scheme: average and minimum mIoU in percent, and frames a second, at intervals 1 to 10.
TABLE_1: dict[str, dict[str, list[float]]] = {
    "prop-flow": {
        "average": [75.2, 73.8, 72.0, 70.2, 68.7, 67.3, 65.0, 63.4, 62.4, 60.6],
        "minimum": [75.2, 72.4, 68.9, 65.6, 62.4, 59.1, 56.3, 54.4, 52.5, 50.5],
        "fps": [1.3, 2.3, 3.0, 3.5, 4.0, 4.3, 4.6, 4.9, 5.1, 5.3],
    },
    "prop-mv": {
        "average": [75.2, 73.1, 71.3, 69.4, 68.2, 67.3, 65.0, 64.0, 63.2, 61.7],
        "minimum": [75.2, 71.3, 67.7, 64.8, 62.4, 60.1, 58.5, 56.9, 55.0, 53.7],
        "fps": [1.3, 2.5, 3.4, 4.3, 5.0, 5.6, 6.2, 6.7, 7.1, 7.6],
    },
    "interp": {
        "average": [75.2, 73.9, 72.5, 71.2, 70.5, 69.9, 68.5, 67.5, 66.9, 66.6],
        "minimum": [75.2, 72.5, 71.5, 68.0, 67.2, 66.2, 65.4, 64.6, 63.5, 62.9],
        "fps": [1.3, 2.4, 3.4, 4.2, 4.9, 5.4, 6.0, 6.4, 6.9, 7.2],
    },
}

# mIoU in percent at 1 to 4 frames from the keyframes.
TABLE_2: dict[str, list[float]] = {
    "forward": [71.8, 67.8, 64.9, 62.4],
    "backward": [69.9, 62.4, 59.8, 57.3],
    "max": [72.6, 68.2, 66.3, 64.5],
    "average": [72.8, 68.5, 66.7, 65.0],
    "conv": [72.6, 68.2, 66.4, 64.7],
}

# Of an intermediate frame (section 3.4 and figure 2): flow, warp and head together, and without flow.
BREAKDOWN_MS: dict[str, float] = {"network": 750.0, "flow + warp + head": 116.0, "warp + head": 54.0}


def retention(values: list[float]) -> list[float]:
    """Return mIoUs as percentages of the paper's frame by frame."""
    return [100 * value / BASELINE for value in values]


def table1_settings(intervals: list[int], motion: str) -> dict[str, list[Method]]:
    """Return Table 1's rows: the paper's schemes as printed (chained, vectors negated), the baselines, and ours."""

    def each(scheme: Any, source: str, **options: Any) -> list[Method]:
        return [Method(scheme, n, motion=source, **options) if n > 1 else EVERY for n in intervals]

    return {
        "every frame": [EVERY for _ in intervals],
        "copy": each("copy", motion),
        "prop-flow": each("propagate", "flow", propagation="chained"),
        "prop-mv": each("propagate", motion, propagation="chained"),
        "interp": each("interpolate", motion, propagation="chained", reverse="negated", fusion="average"),
        "ours, propagate": each("propagate", motion),
        "ours, interpolate": each("interpolate", motion),
    }
