"""Constants and cues of fusion by confidence: agreement with the network's own labels as one varies.

Three true-speed synthetic streets and two unlabelled real clips, none of them in the tables of results: for each
intermediate frame (intervals 10 and 20), both propagated score maps and every cue are computed once; each setting then
weighs them anew. *agreement* is the share of cells with the network's own label, *ranking* the probability that of two
cells, one with the network's own label and one without, the former is the more confident one. Cues other than the
photometric error count in grey levels: a path that ends outside of the frame, the least confidence of the motion on it
(as the error that causes such confidence), how far motion and its reverse disagree, intra blocks on it, the mean over
the cells around.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks._lib.clips import DEFAULTS, ENCODINGS, RATE, street
from benchmarks._lib.context import Context
from benchmarks._lib.cues import Cells, Setting, covered, fuse, gather, ranking
from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering
from warpseg.measure.speed import table
from warpseg.networks import ScoreSpace
from warpseg.types import HALF_CONFIDENCE, Frame
from warpseg.video.encode import encode

Row = dict[str, Any]

INTERVALS = (10, 20)
REAL = {"solidWhiteRight.mp4": 81, "VID_1920x1080_cabac_temporal_direct.264": 54}  # clip: frames of it
STREETS = {21: 5.0, 22: 9.0, 23: 14.0}  # seed: metres per second
SCALES = (4.0, 6.0, 8.0, 10.0, 15.0)  # grey levels at which confidence is one half
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


def clips(context: Context) -> Iterator[tuple[str, list[Frame], list[Tensor]]]:
    """Yield name, decoded frames and where vectors cover them."""

    def read(path: Path, count: int) -> tuple[list[Frame], list[Tensor]]:
        with open_video(path, max_frames=count) as video:
            frames = list(video)
        for frame in frames:
            _ = frame.pixels  # while the file is there
        return frames, covered(path, count)

    for name, count in REAL.items():
        yield name, *read(context.video(name), context.pick(count, 9))
    for seed in context.pick([*STREETS], [22]):
        path = context.scratch / f"street {seed}.mp4"
        encode(street(context, seed, STREETS[seed], 61)[0], path, rate=RATE, options=ENCODINGS[DEFAULTS])
        yield f"street {STREETS[seed]:.0f} m/s", *read(path, 61)


def run(context: Context) -> dict[str, list[Row]]:
    """Return a row per value of each constant, the others as they are, and one per scale of confidence."""
    torch.manual_seed(0)
    network = ScoreSpace(context.network())
    cells: dict[tuple[str, int], Cells] = {}
    for name, frames, known in clips(context):
        runs = Remembering(network)
        cells |= {(name, n): gather(frames, known, runs, n) for n in context.pick(INTERVALS, (4,))}
        print(f"{name}: {len(frames)} frames", flush=True)
    rows = []
    for constant, values in SWEEP.items():
        for value in values:
            chosen = {"outside": 0.0} if constant == "left" else {}
            rows.append(_row(constant, value, cells, Setting(**chosen | {constant: value})))  # type: ignore[arg-type]
    return {"constants": rows, "scales": list(_scales(cells))}


def _row(constant: str, value: float, cells: dict[tuple[str, int], Cells], setting: Setting) -> Row:
    agreement, ranks = {}, {}
    for clip, each in cells.items():
        right, left = fuse(each, setting)
        some = slice(None, None, 4)
        agreement[clip] = 100 * float(right.float().mean())
        ranks[clip] = 100 * ranking(left.numpy()[some], right.numpy()[some])
    row: Row = {"constant": constant, "value": value}
    for kind in ("real", "streets"):
        of_kind = [clip for clip in cells if (clip[0] in REAL) == (kind == "real")]
        row[kind] = float(np.mean([agreement[clip] for clip in of_kind]))
        row[f"{kind}_ranking"] = float(np.mean([ranks[clip] for clip in of_kind]))
    row["by_clip"] = [{"clip": name, "interval": n, "agreement": found} for (name, n), found in agreement.items()]
    print(
        f"{constant:10} {value:<5} agreement real {row['real']:.2f} streets {row['streets']:.2f} %, "
        f"ranking real {row['real_ranking']:.1f} streets {row['streets_ranking']:.1f} %",
        flush=True,
    )
    return row


def _scales(cells: dict[tuple[str, int], Cells]) -> Iterator[Row]:
    fused = [fuse(each, Setting()) for each in cells.values()]
    right, left = (torch.cat(parts) for parts in zip(*fused, strict=True))
    for half in SCALES:
        confidence = 1 / (1 + (left / half) ** 2)
        row: Row = {"value": half}
        for name, chosen in (("below_half", confidence < 0.5), ("above_nine_tenths", confidence > 0.9)):
            row[name] = 100 * float(chosen.float().mean())
            row[f"{name}_differ"] = 100 * float((~right[chosen]).float().mean())
        print(f"half at {half}: {row}", flush=True)
        yield row


CHOSEN = {"sharpness": SHARPNESS, "distance": DISTANCE, "outside": OUTSIDE, "left": 0.0, "around": 1}
CUES = {
    "sharpness": "sharpness",
    "distance": "share of the paper's logit",
    "outside": "path ends outside, grey levels",
    "left": "instead: path leaves anywhere, grey levels",
    "motion": "motion's least confidence, share",
    "round_trip": "forward-backward disagreement, share",
    "intra": "intra block on the path, grey levels",
    "around": "mean over so many cells squared",
}


def constants(results: dict[str, list[Row]]) -> Iterator[str]:
    """Yield the table of constants and cues, what is in use in bold."""
    lines = []
    for row in results["constants"]:
        bold = "**" if CHOSEN.get(row["constant"], 0.0) == row["value"] else ""
        values = (f"{row[kind]:.2f} %" for kind in ("real", "streets"))
        ranks = (f"{row[f'{kind}_ranking']:.1f} %" for kind in ("real", "streets"))
        cells = [CUES[row["constant"]], f"{row['value']:g}", *values, *ranks]
        lines.append([f"{bold}{cell}{bold}" for cell in cells])
    header = ["constant or cue", "value", "agreement, real", "streets", "ranking, real", "streets"]
    yield from table.markdown((header, lines))


def scales(results: dict[str, list[Row]]) -> Iterator[str]:
    """Yield the share of cells of low and high confidence, by its scale."""
    lines = []
    for row in results["scales"]:
        bold = "**" if row["value"] == HALF_CONFIDENCE else ""
        cells = [f"{row['value']:g}"]
        cells += [f"{row[part]:.1f} %" for part in ("below_half", "below_half_differ", "above_nine_tenths")]
        lines.append([f"{bold}{cell}{bold}" for cell in [*cells, f"{row['above_nine_tenths_differ']:.2f} %"]])
    header = ["grey levels at one half", "cells below 0.5", "of them differ", "cells above 0.9", "of them differ"]
    yield from table.markdown((header, lines))


PAGES = {"docs/fusion.md#constants": constants, "docs/fusion.md#doubtful": scales}
