"""Cues: everything that may say which of two propagated maps to believe, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from benchmarks._lib.methods import confident, propagated
from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS
from warpseg.core.geometry import follow, inside, sample
from warpseg.core.keyframes import Window, windows
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.motion.codec import blocks_of
from warpseg.motion.splat import check_consistency
from warpseg.types import HALF_CONFIDENCE, Frame, MotionField
from warpseg.video import open_pictures

__all__ = ["Cells", "Setting", "covered", "fuse", "gather", "ranking"]


@dataclass(frozen=True)
class Setting:
    """Constants that a hypothesis is weighed by."""

    sharpness: float = SHARPNESS
    distance: float = DISTANCE
    outside: float = OUTSIDE  # grey levels where the path ends outside of the frame
    left: float = 0.0  # where it has left the frame anywhere
    motion: float = 0.0  # share of the difference that the motion's least confidence stands for
    round_trip: float = 0.0  # share of what disagreement with the reverse motion adds to that
    intra: float = 0.0  # grey levels where an intra block lies on the path
    around: int = 1  # cells along each side over which the difference is averaged


@dataclass(frozen=True, eq=False)
class Cells:
    """All intermediate frames of one clip at one interval; cues are (2, cells): forward, backward."""

    difference: Tensor
    around: dict[int, Tensor]
    outside: Tensor
    left: Tensor
    motion: Tensor
    round_trip: Tensor
    intra: Tensor
    logit: Tensor  # (cells,): of the paper's weight
    own: Tensor  # (cells,): the network's label
    label: Tensor  # (cells,): that of the forward map; where the backward map has another, they are disputed
    disputed: Tensor
    forward: Tensor  # (disputed, classes)
    backward: Tensor


def covered(path: Path, count: int) -> list[Tensor]:
    """Return, for each picture, 1 where a vector covers 8x8 pixels and 0 where there is none, so intra: (h, w)."""
    found = []
    with open_pictures(path, max_frames=count) as pictures:
        for picture in pictures:
            rows, columns = (side // 8 for side in picture.luma.shape)
            known = np.zeros((rows, columns), np.float32)
            blocks = blocks_of(picture.vectors) if picture.vectors is not None else np.empty((0, 7), np.float32)
            for x, y, w, h in blocks[:, :4] / 8:
                known[max(int(y - h / 2), 0) : math.ceil(y + h / 2), max(int(x - w / 2), 0) : math.ceil(x + w / 2)] = 1
            found.append(torch.from_numpy(known))
    return found


def gather(frames: Sequence[Frame], known: Sequence[Tensor], runs: Remembering, n: int) -> Cells:
    """Propagate both keyframes to each intermediate frame and note every cue."""
    found = [row for window in windows(frames, n) if window.next_key for row in _of_window(window, known, runs)]
    joined: dict[str, Any] = {
        field.name: torch.cat([row[field.name] for row in found], -1)
        for field in fields(Cells)
        if field.name != "around"
    }
    joined["around"] = {size: torch.cat([row["around"][size] for row in found], -1) for size in (3, 5)}
    return Cells(**joined | {side: joined[side].T.contiguous() for side in ("forward", "backward")})


def _of_window(window: Window, known: Sequence[Tensor], runs: Remembering) -> Iterator[dict[str, Any]]:
    assert window.next_key is not None
    shown, keys = [window.key, *window.between, window.next_key], (window.key, window.next_key)
    maps = [runs.features(key) for key in keys]
    size = (maps[0].shape[-2], maps[0].shape[-1])
    for p, frame in enumerate(window.between, 1):
        if math.inf in window.to_keyframes(p):
            continue
        alpha = (window.n - p) / window.n
        fields = [
            [(each.motion, _agreed(each), _known(each, known)) for each in shown[p:0:-1]],
            [(_reverse(each), _reverse(each), _arrives(each, known)) for each in shown[p + 1 :]],
        ]
        paths, trips, vectors = ([follow([step[i] for step in side], size) for side in fields] for i in range(3))
        steps = (p, window.n - p)
        maps_here = [propagated(*each) for each in zip(maps, paths, keys, steps, strict=True)]
        assert frame.plane is not None
        seen = [(key.plane, path) for key, path in zip(keys, paths, strict=True) if key.plane is not None]
        apart = torch.stack([torch.from_numpy(frame.plane.difference(k, p.offsets.numpy())) for k, p in seen])
        labels = [each.f.argmax(0) for each in maps_here]
        disputed = labels[0] != labels[1]
        row: dict[str, Any] = {
            "difference": apart,
            "outside": torch.stack([1 - inside(path.offsets) for path in paths]),
            "left": torch.stack([(path.confidence == 0).float() for path in paths]),
            "motion": torch.stack([_stands_for(path.confidence) for path in paths]),
            "round_trip": torch.stack([_stands_for(path.confidence) for path in trips]),
            "intra": torch.stack([(path.confidence == 0).float() for path in vectors]),
            "logit": torch.full(size, math.log(alpha / (1 - alpha))),
            "own": runs.features(frame).argmax(0),
            "label": labels[0],
            "disputed": disputed,
        }
        row = {name: values.flatten(-2) for name, values in row.items()}
        row["around"] = {k: _mean_around(apart, k).flatten(1) for k in (3, 5)}
        row["forward"], row["backward"] = (each.f[:, disputed] for each in maps_here)
        evidence = row["difference"] + OUTSIDE * row["outside"]
        weight = torch.sigmoid(SHARPNESS * (evidence[1] - evidence[0]) + DISTANCE * row["logit"])
        fused = confident(frame, maps_here[0], maps_here[1], alpha)
        own = torch.lerp(maps_here[1].f.flatten(1), maps_here[0].f.flatten(1), weight)
        torch.testing.assert_close(own, fused.flatten(1), rtol=1e-4, atol=1e-4)  # the program weighs by the same rule
        yield row


def _reverse(frame: Frame) -> MotionField:
    assert frame.reverse is not None
    return frame.reverse


def _agreed(frame: Frame) -> MotionField:
    """Return the frame's motion, its confidence lowered where the reverse does not lead home again."""
    sure = frame.motion.confidence.numpy().copy()
    check_consistency(frame.motion.offsets.numpy(), _reverse(frame).offsets.numpy(), sure)
    return MotionField(frame.motion.offsets, torch.from_numpy(sure))


def _known(frame: Frame, known: Sequence[Tensor]) -> MotionField:
    """Return the frame's motion with confidence 0 where it has intra blocks, else 1."""
    there = F.interpolate(known[frame.index][None, None], size=frame.motion.size, mode="nearest")[0, 0]
    return MotionField(frame.motion.offsets, there)


def _arrives(frame: Frame, known: Sequence[Tensor]) -> MotionField:
    """Return the motion to the frame with confidence 0 where it ends in intra blocks, else 1."""
    back = _reverse(frame)
    return MotionField(back.offsets, sample(_known(frame, known).confidence[None], back.offsets)[0].round())


def _stands_for(confidence: Tensor) -> Tensor:
    """Return the difference in grey levels, at most 40, that causes such confidence; 0 where the path has left."""
    return torch.where(confidence > 0, HALF_CONFIDENCE * (1 / confidence.clamp(min=1e-4) - 1).sqrt(), 0).clamp(max=40)


def _mean_around(x: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)


def fuse(cells: Cells, setting: Setting) -> tuple[Tensor, Tensor]:
    """Return which cells get the network's own label, and the difference that the chosen mixture leaves."""
    apart = cells.difference if setting.around == 1 else cells.around[setting.around]
    apart = apart + setting.motion * cells.motion + setting.round_trip * (cells.round_trip - cells.motion)
    apart = apart + setting.intra * cells.intra
    evidence = apart + setting.outside * cells.outside + setting.left * cells.left
    weight = torch.sigmoid(setting.sharpness * (evidence[1] - evidence[0]) + setting.distance * cells.logit)
    label = cells.label.clone()
    label[cells.disputed] = torch.lerp(cells.backward, cells.forward, weight[cells.disputed, None]).argmax(1)
    return label == cells.own, torch.lerp(apart[1], apart[0], weight)


def ranking(left: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return the probability that a cell with the network's own label has less difference than one without."""
    order = np.argsort(left, kind="stable")
    wrong = ~right[order]
    ranks, count = np.arange(1, len(order) + 1), int(wrong.sum())
    return float((ranks[wrong].sum() - count * (count + 1) / 2) / (count * (len(order) - count)))
