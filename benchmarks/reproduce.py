"""Reproduction of the paper's tables and figures on the drive and on streets, by ``warpseg reproduce``."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks._lib import colours
from benchmarks._lib.context import Context
from warpseg.cli import app
from warpseg.measure.paper import fig2, fig5, table1, table2

Facts = dict[str, Any]

PARTS: dict[str, tuple[str, Callable[[Facts], str] | None]] = {
    "table1": ("Table 1: accuracy and speed at each keyframe interval", table1.text),
    "table2": ("Table 2: fusion", table2.text),
    "fig2": ("Figure 2: time of an intermediate frame", fig2.text),
    "fig4": ("Figure 4: accuracy against speed (dotted: the paper's own)", None),  # drawn from table 1
    "fig5": ("Figure 5: frames after a keyframe, interval 7", fig5.text),
}
PICTURES = Path("benchmarks/results/reproduce")


def run(context: Context) -> list[Facts]:
    """Return what the command writes per data set; its pictures go into the folder of the results."""
    rows = []
    for data in context.pick(["camvid", "streets"], ["streets"]):
        out = context.scratch / "reproduce" / data
        arguments = ["--dataset", data, "--out", str(out)]
        if data == "camvid":
            context.drive()
            arguments += ["--root", str(context.data / "camvid")]
        if context.quick:
            arguments += ["--max-frames", "16", "--max-clips", "1", "--size", "128x96", "--model", SMALL]
            arguments += ["--cache", str(context.scratch / "cache")]
        row: Facts = {"data": data}
        for what in PARTS:
            _command(["reproduce", what, *arguments, *(QUICK.get(what, []) if context.quick else [])])
            if what != "fig4":
                row[what] = json.loads((out / f"{what}.json").read_text(encoding="utf-8"))
        pictures = context.out / PICTURES.name / data
        pictures.mkdir(parents=True, exist_ok=True)
        for path in out.glob("*.png"):
            shutil.copy(path, pictures)
        rows.append(row)
    return rows


SMALL = f"py:{colours.__file__}:camvid"
QUICK = {
    "table1": ["--interval", "1,2", "--rounds", "1", "--speed-frames", "2"],
    "fig2": ["--rounds", "1", "--speed-frames", "6"],
    "fig4": ["--interval", "1,2", "--rounds", "1", "--speed-frames", "2"],
}


def _command(arguments: list[str]) -> None:
    """Run ``warpseg`` in this process; result files name the command."""
    before, sys.argv = sys.argv, ["warpseg", *arguments]
    try:
        code = app(arguments, standalone_mode=False)
    finally:
        sys.argv = before
    if code:
        raise RuntimeError(f"warpseg {shlex.join(arguments)} ended with {code}; its own message stands above")


def _page(data: str) -> Callable[[Sequence[Facts]], Iterator[str]]:
    def lines(rows: Sequence[Facts]) -> Iterator[str]:
        row = next((each for each in rows if each["data"] == data), {})
        for what, (title, text) in PARTS.items() if row else ():
            found = row.get(what)
            yield f"### {title}\n"
            if found is not None:
                yield f"```sh\n{shlex.join(found['command'])}\n```\n"
                if "machine" in found:
                    yield f"{found['machine']['cpu']}, {found['machine']['threads']} threads.\n"
            if what.startswith("fig"):
                yield f"![{title}](../{(PICTURES / data / what).as_posix()}.png)\n"
            if found is not None and text is not None:
                yield text(found) + "\n"

    return lines


PAGES = {f"docs/results.md#{data}": _page(data) for data in ("camvid", "streets")}
