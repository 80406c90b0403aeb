"""A benchmark's result file: the numbers with what they were measured on and with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from warpseg.files import write_json
from warpseg.run.record import machine, packages


def write(path: Path, results: Any) -> None:
    """Write ``results`` as JSON beside the command, commit, machine and versions that made them."""
    here = machine()
    facts = {
        "command": ["python", *sys.argv],
        "commit": commit(),
        "cpu": here["cpu"],
        "threads": here["threads"],
        "gpu": here["gpu"],
        "versions": packages(),
        "results": results,
    }
    write_json(path, facts, parents=True)


def commit() -> str | None:
    """Return the short hash of the commit that is checked out, None outside of a repository."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def fill(page: Path, section: str, lines: Iterable[str]) -> None:
    """Put ``lines`` between a page's markers of a section; what stands outside stays."""
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, opened, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise SystemExit(f"{page}: no {begin} ... {end}")
    inside = "\n".join(lines).strip()
    page.write_text(f"{before}{begin}\n\n{inside}\n\n{end}{after}", encoding="utf-8")
