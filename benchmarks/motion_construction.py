"""Which construction of motion serves best, on CamVid's drive with x264's defaults (B-frames, several references).

    python benchmarks/motion_construction.py [--data ROOT] [--interval 10] [--out FILE.json]

From the vectors alone, cells without one filled from around: each taken as if it pointed to the frame before; scaled to
one frame by its resolved distance; hop by hop along each frame's most used past reference, scaled where that lies
beyond the keyframe. Then searched on the pictures, from the vectors and without them. And for the last: carried step by
step, composed field by field, followed point by point; turned around in place, by splatting, or searched both ways.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quality import ENCODINGS, Clip
from result import write
from warpseg.core import schemes
from warpseg.core.geometry import compose, follow, warp
from warpseg.core.schemes import Estimate, SplitNetwork
from warpseg.datasets.camvid import camvid
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.motion.codec import blocks_of, coded_motion
from warpseg.motion.luma import Plane
from warpseg.motion.references import resolve
from warpseg.networks import ScoreSpace, load
from warpseg.types import Frame, MotionField, Picture
from warpseg.video import open_pictures

ENCODING, CRF = "x264 defaults", 18.0
PAST, FUTURE = 12, 4  # frames among which a vector's reference is looked for


@dataclass(frozen=True)
class Alone:
    """What one picture's vectors say without a look at the pictures they are taken to."""

    adjacent: MotionField  # each vector as if it pointed to the frame before
    scaled: MotionField
    hop: int  # frames to the most used past reference, 0 without
    hopped: MotionField  # the motion over that many frames


def alone(pictures: Sequence[Picture]) -> list[Alone]:
    """Resolve the vectors of each picture and make fields of them."""
    planes = [Plane.of(picture.luma) for picture in pictures]
    said = []
    for i, (picture, plane) in enumerate(zip(pictures, planes, strict=True)):
        near = range(max(i - PAST, 0), min(i + FUTURE + 1, len(planes)))
        candidates = {j - i: planes[j] for j in near if j != i}
        none = np.zeros((0, 7), np.float32)
        blocks = none if picture.vectors is None or i == 0 else blocks_of(picture.vectors)
        distance, _ = resolve(plane, blocks, candidates)
        area = {d: float((blocks[:, 2] * blocks[:, 3])[distance == d].sum()) for d in set(distance[distance < 0])}
        hop = -int(max(area, key=lambda d: area[d])) if area else 0
        past = blocks[distance < 0] if area else blocks
        said.append(
            Alone(
                _field(plane, past, {-1: planes[max(i - 1, 0)]}),
                _field(plane, blocks, candidates),
                hop,
                _field(plane, blocks[distance == -hop], {-1: planes[max(i - 1, 0)]}),
            )
        )
    return said


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


def hops(said: Sequence[Alone], frames: Iterable[Frame], network: SplitNetwork, n: int) -> Iterator[Estimate]:
    """Algorithm 1 along the codec's own references: from each frame over its most used one, as far as the keyframe."""
    key, f = -1, torch.empty(0)
    for count, frame in enumerate(frames):
        if count % n == 0:
            key, f = frame.index, network.features(frame)
        path, i = [], frame.index
        while i > key:
            far = said[i].hop and i - said[i].hop >= key
            path.append(said[i].hopped if far else said[i].scaled)
            i -= said[i].hop if far else 1
        yield Estimate(frame, frame.index - key, warp(f, follow(path, (f.shape[-2], f.shape[-1]))) if path else f)


def field_by_field(f: Tensor) -> Callable[[MotionField], Tensor]:
    """Carry by composing one field at a time, each sampled bilinearly where the one before it ends."""
    since_key: MotionField | None = None

    def carry(mv: MotionField) -> Tensor:
        nonlocal since_key
        since_key = mv if since_key is None else compose(mv, since_key)
        return warp(f, since_key)

    return carry


def with_motion(frames: Iterable[Frame], fields: Sequence[MotionField]) -> list[Frame]:
    """Give frames other motion, to be turned around by splatting."""
    return [replace(frame, motion=fields[frame.index], find_reverse=None) for frame in frames]


def rows(data: Path, n: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each construction and algorithm."""
    network, drive = load("camvid"), camvid(data / "camvid")
    assert network.classes is not None
    runs = Remembering(ScoreSpace(network))
    with tempfile.TemporaryDirectory() as folder:
        path = Clip(drive.pictures, drive.rate, Path(folder)).encode(ENCODINGS[ENCODING], CRF).path
        with open_pictures(path) as pictures:
            said = alone(list(pictures))
        with open_video(path, motion="codec") as video:
            searched = list(video)
        with open_video(path, motion="estimate") as video:
            estimated = list(video)
        adjacent = with_motion(searched, [one.adjacent for one in said])
        scaled = with_motion(searched, [one.scaled for one in said])
        one, two = schemes.propagate, schemes.interpolate
        table: list[tuple[str, str, list[Frame], Callable[..., Iterator[Estimate]]]] = [
            ("vectors as if to the frame before", "propagate", adjacent, one),
            ("vectors as if to the frame before", "interpolate", adjacent, two),
            ("vectors scaled to one frame", "propagate", scaled, one),
            ("vectors scaled to one frame", "interpolate", scaled, two),
            ("vectors along their references", "propagate", scaled, partial(hops, said)),
            ("searched from vectors", "propagate", searched, one),
            ("searched from vectors", "interpolate", searched, two),
            ("searched without vectors", "propagate", estimated, one),
            ("searched without vectors", "interpolate", estimated, two),
            ("searched, warped step by step", "propagate", searched, partial(one, propagation=schemes.chained)),
            ("searched, composed field by field", "propagate", searched, partial(one, propagation=field_by_field)),
            ("searched, negated", "interpolate", searched, partial(two, reverse=schemes.negated)),
            ("searched, splatted", "interpolate", searched, partial(two, reverse=schemes.inverted)),
        ]
        for name, algorithm, frames, scheme in table:
            scores = by_offset(frames, drive.labels, lambda f, s=scheme: s(f, runs, n), n, network.classes)  # type: ignore[misc]
            row = {"construction": name, "scheme": algorithm, "interval": n, **scores.summary()}
            kept = f"{row['average_retention']:.1f} / {row['worst_retention']:.1f} %"
            print(f"{name:36} {algorithm:12} n={n} retention {kept}", flush=True)
            yield row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = list(rows(arguments.data, arguments.interval))
    if arguments.out:
        write(arguments.out, results)
