"""Prose: docstrings, comments, messages and Markdown state the noun first and avoid riddles and dead idioms."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "warpseg"

QUESTION = re.compile(r"(What|Where|Which|How|Whether|Who|Whose|Why)\b")
# "apart" alone stays: two frames may be a second apart.
BANNED = re.compile(
    r"\b(said|told|beside|nobody|somebody|whoever|alike|held to|as they are needed|next to nothing|for want of"
    r"|apart from)\b",
    re.IGNORECASE,
)
# "frames a second" is idiomatic English; every other rate takes "per".
A_FOR_PER = re.compile(
    r"\b(bytes?|rows?|lines?|pixels?|levels?|points?|images?|objects?|ms|milliseconds|times|one|once) an? "
    r"(frame|intermediate frame|keyframe|row|line|pixel|megapixel|cell|class|point|side|source|file|video|interval"
    r"|picture|setting|batch|reader|command|window)\b"
)

GENERATED = re.compile(r"<!-- ([\w-]+): begin -->.*?<!-- \1: end -->", re.DOTALL)  # tables that benchmarks write


PYTHON = sorted(SOURCE.rglob("*.py"))
MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCE.rglob("*.md")])


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of every comment and of every string with a space in it: docstrings, messages, help."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, " ".join(node.value.split())


def faults(lines: Iterator[tuple[int, str]]) -> list[str]:
    return [f"line {line}: {found[0]!r}" for line, text in lines
            for found in (BANNED.search(text), A_FOR_PER.search(text)) if found]  # fmt: skip


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_reads_well(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asked = [f"line {line}: {first!r}" for line, first in docstrings(ast.parse(text)) if QUESTION.match(first)]
    assert not asked, "state the noun or the verb first"
    found = faults(prose(text))
    assert not found


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_markdown_reads_well(path: Path) -> None:
    text = GENERATED.sub(lambda block: "\n" * block[0].count("\n"), path.read_text(encoding="utf-8"))
    found = faults(iter(enumerate(text.splitlines(), 1)))
    assert not found


@pytest.mark.parametrize("text", ["it was told", "Nobody asks", "held to it", "one row a frame", "24 ms a frame"])
def test_bad_prose_is_found(text: str) -> None:
    assert faults(iter([(1, text)]))


@pytest.mark.parametrize(
    "text", ["25 frames a second", "a cell apart", "the vector a codec states", "one row per frame"]
)
def test_good_prose_passes(text: str) -> None:
    assert not faults(iter([(1, text)]))
