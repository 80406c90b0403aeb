"""The tables of docs/fusion.md, written between their markers from benchmarks/results/fusion*.json.

python benchmarks/fusion_page.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from warpseg.core.confidence import DISTANCE, OUTSIDE, SHARPNESS

from fusion_clips import FAST, SCHEMES, SLOW
from result import fill
from warpseg.measure.speed import table
from warpseg.types import HALF_CONFIDENCE

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS, PAGE = REPOSITORY / "benchmarks" / "results", REPOSITORY / "docs" / "fusion.md"

Row = dict[str, Any]

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
CLIPS = {
    "drive": "CamVid's drive",
    "street, slow": f"synthetic street, {SLOW:.0f} m/s",
    "street, fast": f"synthetic street, {FAST:.0f} m/s",
}


def constants(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of constants and cues, what is in use in bold."""
    lines = []
    for row in rows:
        bold = "**" if CHOSEN.get(row["constant"], 0.0) == row["value"] else ""
        values = (f"{row[kind]:.2f} %" for kind in ("real", "streets"))
        ranks = (f"{row[f'{kind}_ranking']:.1f} %" for kind in ("real", "streets"))
        cells = [CUES[row["constant"]], f"{row['value']:g}", *values, *ranks]
        lines.append([f"{bold}{cell}{bold}" for cell in cells])
    header = ["constant or cue", "value", "agreement, real", "streets", "ranking, real", "streets"]
    yield from table.markdown((header, lines))


def doubtful(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what the scale of confidence does."""
    lines = []
    for row in rows:
        bold = "**" if row["value"] == HALF_CONFIDENCE else ""
        cells = [f"{row['value']:g}"]
        cells += [f"{row[part]:.1f} %" for part in ("below_half", "below_half_differ", "above_nine_tenths")]
        lines.append([f"{bold}{cell}{bold}" for cell in [*cells, f"{row['above_nine_tenths_differ']:.2f} %"]])
    header = ["grey levels at one half", "cells below 0.5", "of them differ", "cells above 0.9", "of them differ"]
    yield from table.markdown((header, lines))


def intervals(rows: Sequence[Row]) -> Iterator[str]:
    """Yield accuracy kept, a table for each network, clip and encoding."""
    for group in _groups(rows):
        yield from _by_scheme(group, lambda row: f"{row['average_retention']:.1f} / {row['worst_retention']:.1f}")


def consistency(rows: Sequence[Row]) -> Iterator[str]:
    """Yield temporal consistency, a table for each network, clip and encoding."""
    for group in _groups(rows):
        yield from _by_scheme(group, lambda row: f"{row['consistency']:.2f}")
        yield f"Frame by frame: {group[0]['consistency_every_frame']:.2f} %."
        yield ""


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["network"], row["clip"], row["encoding"]), []).append(row)
    return list(groups.values())


def _by_scheme(group: Sequence[Row], text: Callable[[Row], str]) -> Iterator[str]:
    first = group[0]
    network = {"camvid": "embedded network", "second": "second network"}[first["network"]]
    yield f"**{CLIPS[first['clip']]}**, {first['encoding']}, {network} ({first['every_frame']:.1f} mIoU frame by frame)"
    yield ""
    found = {(row["interval"], row["scheme"]): text(row) for row in group}
    shown = [n for n in sorted({n for n, _ in found}) if n > 1]
    lines = [[str(n), *(found.get((n, scheme), "") for scheme in SCHEMES)] for n in shown]
    yield from table.markdown((["interval", *SCHEMES], lines))
    yield ""


def reliability(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the share of labels that differ by confidence."""
    by_clip = {clip: [row for row in rows if row["clip"] == clip] for clip in ("streets", "drive")}
    lines = []
    for pair in zip(*by_clip.values(), strict=True):
        low, high = pair[0]["confidence"]
        lines.append([f"{low:.2f} to {high:.2f}"])
        for row in pair:
            lines[-1] += [f"{row['cells']}", f"{row['differ']:.1f} %"]
    yield from table.markdown((["confidence", "cells, held-out streets", "differ", "cells, drive", "differ"], lines))


def adaptive(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the policies, each above the fixed interval beside it."""
    header = ["video", "policy", "keyframes", "mIoU", "agreement", "worst twentieth"]
    lines = []
    for row in rows:
        cells = [row["clip"], row["policy"], f"{row['keyframes']:.1f}", f"{row['mIoU']:.1f}"]
        lines.append([*cells, f"{row['agreement']:.2f} %", f"{row['agreement_worst_twentieth']:.2f} %"])
    yield from table.markdown((header, lines))


def cost(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the milliseconds."""
    for row in rows:
        height, width = row["grid"]
        size = f"{row['size'][1]}x{row['size'][0]}"
        whole, judging, paper = (row["ms"][name] for name in ("whole", "judging", "the paper's weights"))
        yield f"{whole['median']:.1f} ms a {size} frame on a grid of {width}x{height} cells"
        yield f"(at most {whole['most']:.1f} in {row['rounds']} rounds), of which judging takes"
        yield f"{judging['median']:.1f} ms; with the paper's weights, warping and fusing take {paper['median']:.1f} ms."


SECTIONS: dict[str, Callable[[Sequence[Row]], Iterator[str]]] = {
    "constants": constants,
    "doubtful": doubtful,
    "intervals": intervals,
    "consistency": consistency,
    "reliability": reliability,
    "adaptive": adaptive,
    "cost": cost,
}


def main() -> None:
    found: dict[str, list[Row]] = {}
    for name in ("fusion_constants", "fusion"):
        path = RESULTS / f"{name}.json"
        if path.exists():
            found |= json.loads(path.read_text(encoding="utf-8"))["results"]
    found |= {"consistency": [row for row in found.get("intervals", []) if "consistency" in row]}
    for section in SECTIONS:
        if found.get(section):
            fill(PAGE, section, SECTIONS[section](found[section]))


if __name__ == "__main__":
    main()
