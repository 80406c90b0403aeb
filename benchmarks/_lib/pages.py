"""Pages: tables between the markers of README and docs, and figures, made from the result files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

__all__ = ["Figure", "Table", "figures", "fill", "tables"]

_WIDTH = 100

Table = Callable[[Any], Iterable[str]]  # lines of Markdown of a benchmark's results
Figure = Callable[[Any, Path], None]  # draws them into a file


def fill(page: Path, section: str, lines: Iterable[str]) -> None:
    """Put ``lines`` between a page's markers of a section; the rest of the page stays."""
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, opened, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise SystemExit(f"{page}: no {begin} ... {end}")
    inside = "\n".join(_wrapped("\n".join(lines))).strip()
    page.write_text(f"{before}{begin}\n\n{inside}\n\n{end}{after}", encoding="utf-8")


def _wrapped(text: str) -> Iterator[str]:
    """Yield the lines of Markdown, prose at most 100 characters wide; tables, headings, pictures and code stay."""
    code = False
    for line in text.split("\n"):
        code ^= line.startswith("```")
        if code or len(line) <= _WIDTH or line.startswith(("|", "#", "!", "```")):
            yield line
        else:
            indent = "  " if line.startswith("- ") else ""
            yield from wrap(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def tables(root: Path, results: Any, sections: Mapping[str, Table]) -> None:
    """Write a benchmark's tables into the pages under ``root``; a key is ``docs/page.md#section``."""
    for place, lines in sections.items():
        page, _, section = place.partition("#")
        fill(root / page, section, lines(results))


def figures(root: Path, results: Any, drawings: Mapping[str, Figure]) -> None:
    """Draw a benchmark's figures into the files under ``root`` that the keys name."""
    for place, draw in drawings.items():
        draw(results, root / place)
