"""Result: one file per benchmark, the numbers with the commit, machine and versions that made them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks._lib.context import REPOSITORY
from warpseg.files import write_text
from warpseg.run.record import machine

__all__ = ["commit", "read", "write"]

_WIDTH = 160  # characters of a line that is not broken up


def commit() -> str | None:
    """Return the short hash of the commit, with ``-dirty`` where the code differs from it; None without git."""
    code = ["src", "benchmarks", ":!benchmarks/results"]
    try:
        found = _git("rev-parse", "--short=7", "HEAD")
        return f"{found}-dirty" if _git("status", "--porcelain", "--", *code) else found
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(folder: Path, benchmark: str, results: Any, *, at: str | None, arguments: Sequence[str]) -> Path:
    """Write ``folder/benchmark.json``, whole or not at all, and return its path.

    ``at`` is the commit that was measured, ``arguments`` are those of ``python -m benchmarks``.
    """
    facts = {
        "benchmark": benchmark,
        "commit": at,
        "command": ["python", "-m", "benchmarks", *arguments],
        **machine(),
        "results": results,
    }
    path = folder / f"{benchmark}.json"
    write_text(path, text(facts) + "\n", parents=True)
    return path


def read(folder: Path, benchmark: str) -> Any:
    """Return the results of a benchmark; None where it has not been run."""
    path = folder / f"{benchmark}.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else None


def text(value: Any, indent: int = 0) -> str:
    """Return a value as JSON that is broken up only where a line would be too long."""
    short = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if not isinstance(value, dict | list | tuple) or not value or len(short) + indent <= _WIDTH:
        return short
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {text(each, indent + 1)}" for key, each in value.items()]
    else:
        lines = [text(each, indent + 1) for each in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return begin + "\n" + ",\n".join(inner + line for line in lines) + "\n" + " " * indent + end
