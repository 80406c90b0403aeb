"""Motion construction: accuracy on the drive by the way in which motion is made and followed.

From the vectors alone, cells without one filled from around: each taken as if it pointed to the frame before; scaled to
one frame by its resolved distance; hop by hop along each frame's most used past reference, scaled where that lies
beyond the keyframe. Then searched on the pictures, from the vectors and without them. And for the last: propagated step
by step, composed field by field, followed point by point; turned around in place, by splatting, or searched both ways.
CamVid's drive with x264's defaults (B-frames, several references), the paper's fusion weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._lib.context import Context
from benchmarks._lib.encodings import ENCODINGS, Clip
from benchmarks._lib.methods import METHODS, Runner, along, composed_by, summary
from warpseg.core.geometry import compose, follow
from warpseg.core.schemes import Estimate
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import by_offset
from warpseg.motion.codec import blocks_of, coded_motion
from warpseg.motion.luma import Plane
from warpseg.motion.references import resolve
from warpseg.types import Frame, MotionField, Picture
from warpseg.video import open_pictures

Row = dict[str, Any]

ENCODING, CRF = "x264 defaults", 18.0
PAST, FUTURE = 12, 4  # frames among which a vector's reference is looked for


@dataclass(frozen=True)
class Alone:
    """Fields from one picture's vectors alone, not checked against the pictures."""

    adjacent: MotionField  # each vector as if it pointed to the frame before
    scaled: MotionField
    hop: int  # frames to the most used past reference, 0 without
    hopped: MotionField  # the motion over that many frames


def alone(pictures: Sequence[Picture]) -> list[Alone]:
    """Resolve the vectors of each picture and make fields of them."""
    planes = [Plane.of(picture.luma) for picture in pictures]
    fields = []
    for i, (picture, plane) in enumerate(zip(pictures, planes, strict=True)):
        near = range(max(i - PAST, 0), min(i + FUTURE + 1, len(planes)))
        candidates = {j - i: planes[j] for j in near if j != i}
        none = np.zeros((0, 7), np.float32)
        blocks = none if picture.vectors is None or i == 0 else blocks_of(picture.vectors)
        distance, _ = resolve(plane, blocks, candidates)
        area = {d: float((blocks[:, 2] * blocks[:, 3])[distance == d].sum()) for d in set(distance[distance < 0])}
        hop = -int(max(area, key=lambda d: area[d])) if area else 0
        past = blocks[distance < 0] if area else blocks
        fields.append(
            Alone(
                _field(plane, past, {-1: planes[max(i - 1, 0)]}),
                _field(plane, blocks, candidates),
                hop,
                _field(plane, blocks[distance == -hop], {-1: planes[max(i - 1, 0)]}),
            )
        )
    return fields


def _field(plane: Plane, blocks: NDArray[np.float32], candidates: dict[int, Plane]) -> MotionField:
    """Return the field that the vectors give; with the frame before as the only candidate they are not scaled."""
    past, future = coded_motion(plane, blocks, candidates).seeds
    field = np.where(np.isnan(past), future, past)
    while np.isnan(field).any() and not np.isnan(field).all():
        around = np.pad(field, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        four = np.stack([around[:, :-2, 1:-1], around[:, 2:, 1:-1], around[:, 1:-1, :-2], around[:, 1:-1, 2:]])
        known = ~np.isnan(four)
        mean = np.where(known, four, 0).sum(0) / np.maximum(known.sum(0), 1)
        field = np.where(np.isnan(field) & known.any(0), mean, field)
    pixels = np.array([plane.size[1], plane.size[0]], np.float32)[:, None, None] / plane.factor
    offsets = torch.from_numpy((np.nan_to_num(field) / pixels).astype(np.float32))
    return MotionField(offsets, torch.ones(plane.grid))


def hops(vectors: Sequence[Alone], frame: Frame, key: Frame, size: tuple[int, int]) -> MotionField:
    """Return the path along the codec's own references: over each frame's most used one, as far as the keyframe."""
    path, i = [], frame.index
    while i > key.index:
        far = vectors[i].hop and i - vectors[i].hop >= key.index
        path.append(vectors[i].hopped if far else vectors[i].scaled)
        i -= vectors[i].hop if far else 1
    return follow(path, size)


def with_motion(frames: Iterable[Frame], fields: Sequence[MotionField]) -> list[Frame]:
    """Give frames other motion, to be turned around by splatting."""
    return [replace(frame, motion=fields[frame.index], find_reverse=None) for frame in frames]


def run(context: Context) -> list[Row]:
    """Return a row per construction and algorithm."""
    drive, n = context.drive(), context.pick(10, 2)
    path = Clip(drive.pictures, drive.rate, context.scratch).encode(ENCODINGS[ENCODING], CRF).path
    with open_pictures(path) as pictures:
        vectors = alone(list(pictures))
    with open_video(path, motion="codec") as video:
        searched = list(video)
    with open_video(path, motion="estimate") as video:
        estimated = list(video)
    adjacent = with_motion(searched, [one.adjacent for one in vectors])
    scaled = with_motion(searched, [one.scaled for one in vectors])
    one, two = METHODS["propagate"], METHODS["interpolate, average"]
    constructions: list[tuple[str, str, list[Frame], Callable[..., Iterator[Estimate]]]] = [
        ("vectors as if to the frame before", "propagate", adjacent, one),
        ("vectors as if to the frame before", "interpolate", adjacent, two),
        ("vectors scaled to one frame", "propagate", scaled, one),
        ("vectors scaled to one frame", "interpolate", scaled, two),
        ("vectors along their references", "propagate", scaled, partial(along, partial(hops, vectors))),
        ("searched from vectors", "propagate", searched, one),
        ("searched from vectors", "interpolate", searched, two),
        ("searched without vectors", "propagate", estimated, one),
        ("searched without vectors", "interpolate", estimated, two),
        ("searched, warped step by step", "propagate", searched, METHODS["propagate, chained"]),
        ("searched, composed field by field", "propagate", searched, composed_by(compose)),
        ("searched, negated", "interpolate", searched, METHODS["interpolate, average, negated"]),
        ("searched, splatted", "interpolate", searched, METHODS["interpolate, average, splatted"]),
    ]
    runner, rows = Runner(context.network(), searched), []
    for name, algorithm, frames, method in constructions:
        scores = by_offset(frames, drive.labels, lambda f, m=method: m(f, runner.maps, n), n, runner.classes)  # type: ignore[misc]
        row = {"construction": name, "scheme": algorithm, "interval": n, **summary(scores)}
        kept = f"{row['average_retention']:.1f} / {row['worst_retention']:.1f} %"
        print(f"{name:36} {algorithm:12} n={n} retention {kept}", flush=True)
        rows.append(row)
    return rows


NAMES = {
    "vectors as if to the frame before": "vectors as if all pointed to the frame before",
    "vectors scaled to one frame": "vectors scaled to one frame by their resolved distance",
    "vectors along their references": "vectors along the codec's own references, hop by hop",
    "searched from vectors": "searched, from vectors",
    "searched without vectors": "searched, without vectors",
    "searched, warped step by step": "searched; maps warped step by step, as in the paper",
    "searched, composed field by field": "searched; fields composed one by one",
    "searched, negated": "searched; turned around in place, as in the paper",
    "searched, splatted": "searched; turned around by splatting",
}
IN_USE = "searched from vectors"


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield retention per construction, the one in use in bold."""
    found = {(row["construction"], row["scheme"]): row for row in rows}
    yield "| construction | Algorithm 1 | Algorithm 2 |"
    yield "|---|---|---|"
    for construction, name in NAMES.items():
        bold = "**" if construction == IN_USE else ""
        cells = [f"{bold}{name}{bold}"]
        for scheme in ("propagate", "interpolate"):
            row = found.get((construction, scheme))
            kept = f"{row['average_retention']:.1f} / {row['worst_retention']:.1f} %" if row else ""
            cells.append(f"{bold}{kept}{bold}" if kept else "")
        yield "| " + " | ".join(cells) + " |"


PAGES = {"docs/motion.md#construction": tables}
