"""The tables of docs/speed.md, written between their markers from benchmarks/results/{speed,scale}.json.

python benchmarks/speed_page.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from result import fill
from warpseg.measure.speed import table

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS, PAGE = REPOSITORY / "benchmarks" / "results", REPOSITORY / "docs" / "speed.md"

Facts = dict[str, Any]


def speed(found: Facts) -> Iterator[str]:
    """Yield the lines about whole runs."""
    embedded = {name: facts for name, facts in found.items() if name.startswith("embedded")}
    if embedded:
        yield "### Embedded network, from file to outputs"
        yield ""
        yield _machine(next(iter(embedded.values())))
        yield ""
        intervals = next(iter(embedded.values()))["asked"]["intervals"]
        columns = [f"interval {n}" if n > 1 else "every frame" for n in intervals]
        header = ["video, outputs", *columns, "first mask, first run / later", "memory"]
        rows = []
        for name, facts in embedded.items():
            cells = [f"{row['fps']['median']:.1f} fps, {row['speed_up']['median']:.2f}x" for row in facts["rows"]]
            fresh = facts["fresh"]
            cells += [
                f"{fresh['first_run_s']:.1f} / {fresh['later_s']:.1f} s",
                f"{fresh['peak_bytes'] / 2**20:.0f} MiB",
            ]
            rows.append([name.removeprefix("embedded, "), *cells])
        yield from table.markdown((header, rows))
        yield ""
    for name, facts in found.items():
        yield f"### {name[0].upper()}{name[1:]}"
        yield ""
        yield from table.markdown(table.speed(facts))
        yield ""
        yield from table.markdown(table.stages(facts))
        yield ""
        for line in table.notes(facts):
            yield f"- {line}"
        yield ""


def scale(found: Facts) -> Iterator[str]:
    """Yield the lines about growth."""
    for what, rows in found["rows"].items():
        stages = [*rows[0]["ms"]]
        header = [what, *(f"{name}, ms" for name in stages)]
        cells = [[str(row[what]), *(f"{row['ms'][name]:.2f}" for name in stages)] for row in rows]
        if what == "size":
            header.append("all, ms a megapixel")
            for row, line in zip(rows, cells, strict=True):
                line.append(f"{sum(row['ms'].values()) / row['megapixels']:.2f}")
        yield from table.markdown((header, cells))
        yield ""
    if found.get("fit"):
        yield "Time as a power of the number of pixels (1 is linear), and the share that a straight line explains:"
        yield ""
        header = ["stage", "exponent", "R² of the line", "ms a megapixel"]
        rows = [
            [name, f"{fit['exponent']:.2f}", f"{fit['r2']:.3f}", f"{fit['slope']:.2f}"]
            for name, fit in found["fit"].items()
        ]
        yield from table.markdown((header, rows))
        yield ""
    if found.get("memory"):
        yield from table.markdown(
            (
                ["frames", "peak resident memory"],
                [[str(row["frames"]), f"{row['bytes'] / 2**20:.1f} MiB"] for row in found["memory"]],
            )
        )


def _machine(facts: Facts) -> str:
    machine = facts["machine"]
    return f"{machine['cpu']}, {machine['cores']} cores; medians of {facts['rounds']} rounds."


SECTIONS: dict[str, Callable[[Facts], Iterator[str]]] = {"speed": speed, "scale": scale}


def write_page(page: Path, section: str, found: Facts) -> None:
    """Write a section's tables anew."""
    fill(page, section, SECTIONS[section](found))


if __name__ == "__main__":
    for name in SECTIONS:
        path = RESULTS / f"{name}.json"
        if path.exists():
            write_page(PAGE, name, json.loads(path.read_text(encoding="utf-8"))["results"])
