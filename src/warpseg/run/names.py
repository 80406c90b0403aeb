"""Names: the folder of each source below ``--out``, the same again in a later run."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from warpseg.sinks import SINKS

if TYPE_CHECKING:
    from warpseg.video import Source

__all__ = ["OUTPUTS", "finished_run", "folder_names", "output_name"]

# Kinds of output, and the files that each makes in the source's folder.
OUTPUTS = {**{name: kind.files for name, kind in SINKS.items()}, "report": ("report.html",)}


def output_name(source: Source) -> str:
    """Return the folder name for a source: a file's stem, a folder's name, a pattern's folder, else "video".

    Never a name that leads out of the folder that it is made in, whatever the source is called.
    """
    if not isinstance(source, (str, os.PathLike)):
        return "video"
    text = os.fspath(source)
    path = Path(text)
    if not path.exists():
        if "://" in text:
            path = Path(unquote(urlsplit(text).path))
        elif text.startswith("pipe:") or text == "-":
            return "video"
        elif glob.has_magic(text) or "%" in path.name:
            path = path.resolve().parent
    name = path.resolve().name if path.is_dir() else path.stem
    return re.sub(r"[/\\\x00-\x1f\x7f]", "_", name) if name.strip(". ") else "video"


def folder_names(out: Path, sources: Sequence[str]) -> list[str]:
    """Return a folder name for each source, followed by ``_2``, ``_3`` ... where another source has it.

    That other source may be of this run or of an earlier one into ``out``, so equal names never replace each other.
    """
    own = [output_name(source) for source in sources]
    names: list[str] = []
    for source, name in zip(sources, own, strict=True):
        for candidate in _numbered(name):
            is_taken = candidate in names or (candidate != name and candidate in own)
            if not is_taken and not _is_of_another(out / candidate, source):
                names.append(candidate)
                break
    return names


def finished_run(folder: Path, source: str, kinds: Collection[str]) -> dict[str, Any] | None:
    """Return the ``run.json`` of a complete run over ``source`` with outputs of all ``kinds``; None without one."""
    facts = _facts(folder)
    files = [folder / file for kind in kinds for file in OUTPUTS[kind]]
    done = facts.get("complete") is True and not _differs(facts.get("source"), source)
    return facts if done and all(file.exists() for file in files) else None


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _is_of_another(folder: Path, source: str) -> bool:
    return _differs(_facts(folder).get("source"), source)


def _differs(earlier: object, source: str) -> bool:
    return isinstance(earlier, str) and earlier != source and os.path.abspath(earlier) != os.path.abspath(source)


def _facts(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
