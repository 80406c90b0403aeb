"""The test suite: shared code comes from tests/support, and test files lie where the modules they test lie."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import warpseg

TESTS = Path(__file__).parent
SOURCE = Path(warpseg.__file__).parent
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module and name that a file of the tests imports, wherever in it."""
    package = ["tests", *path.parts[:-1]]
    for node in ast.walk(ast.parse((TESTS / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_is_imported_from_a_test_file(path: Path) -> None:
    ours = [name.split(".") for name in imported(path)]
    assert all(parts[:2] == ["tests", "support"] for parts in ours if parts[0] == "tests")
    assert not any(part.startswith("test_") or part == "conftest" for parts in ours for part in parts[:-1])


def test_folders_are_those_of_the_package() -> None:
    folders = {path.parent for path in FILES if path.name.startswith("test_")}
    assert [str(folder) for folder in folders if not (SOURCE / folder / "__init__.py").exists()] == []


def test_one_place_knows_where_the_test_material_is() -> None:
    variable = "_".join(("WARPSEG", "TEST", "DATA"))
    reads = f'environ.get("{variable}"'
    assert [str(path) for path in FILES if reads in (TESTS / path).read_text(encoding="utf-8")] == ["support/assets.py"]
