"""How fusion by evidence depends on its constants, and what other cues would add.

    python benchmarks/fusion_constants.py [--data ROOT] [--out benchmarks/results/fusion_constants.json]

Three synthetic streets and two unlabelled real clips, none of them in the tables of results: for each frame between
keyframes (intervals 10 and 20), both carried score maps and every cue are computed once; each setting then weighs them
anew. *agreement* is the share of cells that get the network's own label, *ranking* the probability that of two cells,
one with the network's own label and one without, the former is the more confident one. Cues beside the difference of
the pictures count in grey levels: a path that ends outside of the frame, the least confidence of the motion on it (as
the difference that causes such confidence), how far motion and its reverse disagree, intra blocks on it, the mean over
the cells around.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from warpseg.core.confidence import DISTANCE, OUTSIDE, SHARPNESS, by_evidence

from fusion_clips import street
from result import write
from warpseg.core.geometry import follow, inside, sample
from warpseg.core.keyframes import alphas, windows
from warpseg.core.schemes import Carried
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.motion.codec import blocks_of
from warpseg.motion.splat import check_consistency
from warpseg.networks import ScoreSpace, load
from warpseg.types import HALF_CONFIDENCE, Frame, MotionField, Window
from warpseg.video import open_pictures
from warpseg.video.encode import encode

Row = dict[str, Any]

INTERVALS = (10, 20)
REAL = {"solidWhiteRight.mp4": 81, "VID_1920x1080_cabac_temporal_direct.264": 54}  # clip: frames of it
STREETS = {21: 5.0, 22: 9.0, 23: 14.0}  # seed: metres a second at 15 Hz
SWEEP: dict[str, tuple[float, ...]] = {
    "sharpness": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5),
    "distance": (0.0, 0.25, 0.5, 0.75, 1.0),
    "outside": (0.0, 3.0, 5.0, 8.0, 15.0, 60.0),
    "left": (3.0, 5.0),
    "motion": (0.1, 0.25, 0.5),
    "round_trip": (0.1, 0.25, 0.5),
    "intra": (1.0, 5.0),
    "around": (3, 5),
}


@dataclass(frozen=True)
class Setting:
    """What a hypothesis is weighed by."""

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
    """All frames between keyframes of one clip at one interval; cues are (2, cells): forward, backward."""

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


def clips(data: Path) -> Iterator[tuple[str, list[Frame], list[Tensor]]]:
    """Yield name, decoded frames and where vectors cover them."""

    def read(path: Path, count: int) -> tuple[list[Frame], list[Tensor]]:
        with open_video(path, max_frames=count) as video:
            frames = list(video)
        for frame in frames:
            _ = frame.pixels  # while the file is there
        return frames, covered(path, count)

    for name, count in REAL.items():
        yield name, *read(data / "video" / name, count)
    for seed, speed in STREETS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "street.mp4"
            encode(street(seed, [speed] * 61)[0], path, rate=15, options={"crf": "18"})
            yield f"street {speed:.0f} m/s", *read(path, 61)


def gather(frames: Sequence[Frame], known: Sequence[Tensor], runs: Remembering, n: int) -> Cells:
    """Carry both keyframes to each frame between and note every cue."""
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
    for p, (frame, alpha) in enumerate(zip(window.between, alphas(window)[1:], strict=True), 1):
        if alpha in (0, 1):
            continue
        fields = [
            [(each.motion, _agreed(each), _known(each, known)) for each in shown[p:0:-1]],
            [(_reverse(each), _reverse(each), _arrives(each, known)) for each in shown[p + 1 :]],
        ]
        paths, trips, vectors = ([follow([step[i] for step in side], size) for side in fields] for i in range(3))
        carried = [Carried(f, path, key) for f, path, key in zip(maps, paths, keys, strict=True)]
        assert frame.plane is not None
        seen = [(key.plane, path) for key, path in zip(keys, paths, strict=True) if key.plane is not None]
        apart = torch.stack([torch.from_numpy(frame.plane.difference(k, p.offsets.numpy())) for k, p in seen])
        labels = [each.f.argmax(0) for each in carried]
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
        row["forward"], row["backward"] = (each.f[:, disputed] for each in carried)
        judged = by_evidence(frame, carried[0], carried[1], alpha).alpha
        assert isinstance(judged, Tensor)
        evidence = row["difference"] + OUTSIDE * row["outside"]
        weight = torch.sigmoid(SHARPNESS * (evidence[1] - evidence[0]) + DISTANCE * row["logit"])
        torch.testing.assert_close(weight, judged.flatten())  # what is weighed below is what the program weighs
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


def judge(cells: Cells, setting: Setting) -> tuple[Tensor, Tensor]:
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


def measure(data: Path) -> dict[str, list[Row]]:
    """Return a row for each value of each constant, the others as they are, and what the confidence's scale does."""
    torch.manual_seed(0)
    network = ScoreSpace(load("camvid"))
    cells: dict[tuple[str, int], Cells] = {}
    for name, frames, known in clips(data):
        runs = Remembering(network)
        cells |= {(name, n): gather(frames, known, runs, n) for n in INTERVALS}
        print(f"{name}: {len(frames)} frames", flush=True)
    rows = []
    for constant, values in SWEEP.items():
        for value in values:
            chosen = {"outside": 0.0} if constant == "left" else {}
            rows.append(_row(constant, value, cells, Setting(**chosen | {constant: value})))  # type: ignore[arg-type]
    return {"constants": rows, "doubtful": list(_scales(cells))}


def _row(constant: str, value: float, cells: dict[tuple[str, int], Cells], setting: Setting) -> Row:
    agreement, ranks = {}, {}
    for clip, each in cells.items():
        right, left = judge(each, setting)
        some = slice(None, None, 4)
        agreement[clip] = 100 * float(right.float().mean())
        ranks[clip] = 100 * ranking(left.numpy()[some], right.numpy()[some])
    row: Row = {"constant": constant, "value": value}
    for kind in ("real", "streets"):
        of_kind = [clip for clip in cells if (clip[0] in REAL) == (kind == "real")]
        row[kind] = float(np.mean([agreement[clip] for clip in of_kind]))
        row[f"{kind}_ranking"] = float(np.mean([ranks[clip] for clip in of_kind]))
    row["by_clip"] = {f"{name}, interval {n}": value for (name, n), value in agreement.items()}
    print(
        f"{constant:10} {value:<5} agreement real {row['real']:.2f} streets {row['streets']:.2f} %, "
        f"ranking real {row['real_ranking']:.1f} streets {row['streets_ranking']:.1f} %",
        flush=True,
    )
    return row


def _scales(cells: dict[tuple[str, int], Cells]) -> Iterator[Row]:
    judged = [judge(each, Setting()) for each in cells.values()]
    right, left = (torch.cat(parts) for parts in zip(*judged, strict=True))
    for doubtful in (4.0, 6.0, 8.0, 10.0, 15.0):
        confidence = 1 / (1 + (left / doubtful) ** 2)
        row: Row = {"value": doubtful}
        for name, chosen in (("below_half", confidence < 0.5), ("above_nine_tenths", confidence > 0.9)):
            row[name] = 100 * float(chosen.float().mean())
            row[f"{name}_differ"] = 100 * float((~right[chosen]).float().mean())
        print(f"doubtful {doubtful}: {row}", flush=True)
        yield row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), 2))
    results = measure(arguments.data)
    if arguments.out:
        write(arguments.out, results)
