"""How far motion is from the truth, on synthetic streets whose motion is known exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from quality import ENCODINGS, Clip
from warpseg.core.geometry import resample
from warpseg.engine.source import open_video
from warpseg.synthetic import Street
from warpseg.synthetic.street import StreetFrame
from warpseg.types import MotionField

Row = dict[str, Any]

DRIVES = {"slow": (4.0, 30), "fast": (14.0, 15)}  # metres and frames a second
SEEDS, FRAMES, QUALITY = (1, 2), 40, 18
CODED = ("x264 bf=0 refs=1", "x264 defaults", "mpeg4")  # whose own vectors are looked at
DECODED = "x264 defaults"  # whose pictures the other sources see


def endpoint_errors(motion: MotionField, truth: StreetFrame) -> NDArray[np.float32]:
    """Return the distance in pixels from the true end of each pixel that both frames show."""
    height, width = truth.visible.shape
    found = resample(motion.offsets, (height, width)).numpy()  # as ``warp`` does
    off = (found - truth.motion) * np.array([width, height], np.float32)[:, None, None]
    return np.asarray(np.hypot(off[0], off[1])[truth.visible])


def rows(folder: Path, sources: Sequence[str], *, frames: int | None = None) -> Iterator[Row]:
    """Yield a row for each ego-motion, encoding and source: mean and median endpoint error in pixels."""
    for drive, (speed, rate) in DRIVES.items():
        streets = []
        for seed in SEEDS:
            street = list(Street(seed=seed, speed=speed, rate=rate).frames(frames or FRAMES))
            place = folder / f"{drive}{seed}"
            place.mkdir()
            streets.append((street, Clip([frame.pixels for frame in street], rate, place)))
        still = MotionField(torch.zeros(2, 1, 1), torch.ones(1, 1))
        lengths = [endpoint_errors(still, frame) for street, _ in streets for frame in street[1:]]
        for source in sources:
            for encoding in CODED if source == "codec" else (DECODED,):
                errors, how = [], Counter[str]()
                for street, clip in streets:
                    path = clip.encode(ENCODINGS[encoding], QUALITY).path
                    with open_video(path, motion=source) as video:
                        for frame, truth in zip(video, street, strict=True):
                            if frame.index:
                                errors.append(endpoint_errors(frame.motion, truth))
                                how[frame.motion_source] += 1
                found = np.concatenate(errors)
                yield {
                    "drive": drive,
                    "true_motion_mean_px": float(np.concatenate(lengths).mean()),
                    "encoding": encoding,
                    "motion": source,
                    "motion_frames": dict(how),
                    "mean_px": float(found.mean()),
                    "median_px": float(np.median(found)),
                    "over_3_px": float((found > 3).mean()),
                }
