"""Motion error: distance in pixels from the true motion, known exactly on synthetic streets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._lib.context import Context
from benchmarks._lib.encodings import ENCODINGS, Clip
from warpseg.core.geometry import resample
from warpseg.engine.source import open_video
from warpseg.synthetic import Street
from warpseg.synthetic.street import StreetFrame
from warpseg.types import MotionField

Row = dict[str, Any]

DRIVES = {"slow": (4.0, 30), "fast": (14.0, 15)}  # metres and frames per second
QUALITY = 18
CODED = ("x264 bf=0 refs=1", "x264 defaults", "mpeg4")  # whose own vectors are looked at
DECODED = "x264 defaults"  # whose pictures the other sources see
SOURCES = ("codec", "estimate", *(["flow"] if find_spec("cv2") else []), "none")
NAMES = {"mpeg4": "MPEG-4", "flow": "flow (DIS, medium)"}


def endpoint_errors(motion: MotionField, truth: StreetFrame) -> NDArray[np.float32]:
    """Return the distance in pixels from the true end of each pixel that both frames show."""
    height, width = truth.visible.shape
    found = resample(motion.offsets, (height, width)).numpy()  # as ``warp`` does
    off = (found - truth.motion) * np.array([width, height], np.float32)[:, None, None]
    return np.asarray(np.hypot(off[0], off[1])[truth.visible])


def run(context: Context) -> list[Row]:
    """Return a row per ego-motion, encoding and source: mean and median endpoint error in pixels."""
    rows = []
    for drive, (speed, rate) in DRIVES.items():
        streets = []
        for seed in context.pick([1, 2], [1]):
            scene = Street(seed=seed, size=context.pick((360, 480), (96, 128)), speed=speed, rate=rate)
            street = list(scene.frames(context.pick(40, 4)))
            place = context.scratch / f"{drive}{seed}"
            place.mkdir()
            streets.append((street, Clip([frame.pixels for frame in street], rate, place)))
        still = MotionField(torch.zeros(2, 1, 1), torch.ones(1, 1))
        lengths = [endpoint_errors(still, frame) for street, _ in streets for frame in street[1:]]
        for source in SOURCES:
            for encoding in context.pick(CODED, CODED[:2]) if source == "codec" else (DECODED,):
                errors = []
                for street, clip in streets:
                    with open_video(clip.encode(ENCODINGS[encoding], QUALITY).path, motion=source) as video:
                        pairs = zip(video, street, strict=True)
                        errors += [endpoint_errors(frame.motion, truth) for frame, truth in pairs if frame.index]
                found = np.concatenate(errors)
                row: Row = {"drive": drive, "true_motion_mean_px": float(np.concatenate(lengths).mean())}
                row |= {"encoding": encoding, "motion": source, "mean_px": float(found.mean())}
                row |= {"median_px": float(np.median(found)), "over_3_px": float((found > 3).mean())}
                print(
                    f"{drive} ({row['true_motion_mean_px']:.1f} px) {encoding:18} {source:8} endpoint error "
                    f"mean {row['mean_px']:.2f} px, median {row['median_px']:.2f} px",
                    flush=True,
                )
                rows.append(row)
    return rows


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield mean and median endpoint error per source."""
    drives = {row["drive"]: f"{row['true_motion_mean_px']:.1f} px a frame" for row in rows}
    yield "| source | " + " | ".join(f"{drive} ({length})" for drive, length in drives.items()) + " |"
    yield "|---|" + len(drives) * "---|"
    found = {(row["motion"], row["encoding"], row["drive"]): row for row in rows}
    for source, encoding in dict.fromkeys((row["motion"], row["encoding"]) for row in rows):
        name = f"codec, {NAMES.get(encoding, encoding)}" if source == "codec" else NAMES.get(source, source)
        each = [found[source, encoding, drive] for drive in drives]
        yield f"| {name} | " + " | ".join(f"{row['mean_px']:.2f} / {row['median_px']:.2f}" for row in each) + " |"


PAGES = {"docs/motion.md#error": tables}
