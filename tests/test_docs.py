"""Markdown: lines wrap at 100 columns, and links between files lead to files and headings that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import warpseg

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
HISTORY = {ROOT / "CHANGELOG.md"}  # may name files that are gone
COLUMNS = 100
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, line) outside of code, and of the blocks between the markers of a generator."""
    in_code = in_block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif re.fullmatch(r"<!-- [\w-]+: (begin|end) -->", line):
            in_block = "begin" in line
        elif not in_code and not in_block and not line.startswith("    "):
            yield number, line


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, by the rule that hosts of repositories and MkDocs share."""
    headings = [line.lstrip("#").strip() for _, line in prose(path.read_text(encoding="utf-8")) if line[:1] == "#"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_lines_wrap(path: Path) -> None:
    wide = [(i, line) for i, line in prose(path.read_text(encoding="utf-8")) if len(line) > COLUMNS]
    long = [f"line {i}: {len(line)} columns" for i, line in wide if line.lstrip()[0] not in "|!"]  # tables, images
    assert not long


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for number, line in prose(path.read_text(encoding="utf-8")):
        for target, anchor in LINK.findall(line):
            file = (path.parent / target).resolve() if target else path
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"line {number}: {target}#{anchor}")
    assert not broken


@pytest.mark.parametrize("path", sorted({*PAGES} - HISTORY), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(path: Path) -> None:
    """Paths of code in backticks, from the repository's root or from the package."""
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.py)`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "src" / "warpseg"))]


def test_the_reference_has_every_public_name() -> None:
    page = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    named = [line.removeprefix("::: warpseg.") for line in page.splitlines() if line.startswith("::: warpseg.")]
    assert sorted(named) == warpseg.__all__
