"""Layers: imports point down only, inside functions and under TYPE_CHECKING too (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import warpseg

ROOT = Path(warpseg.__file__).parent
# From the top down. Rooms of one layer do not import each other.
LAYERS = [
    {"cli"},
    {"measure"},
    {"run", "datasets", "train"},
    {"engine"},
    {"networks", "sinks", "synthetic", "view"},
    {"core", "motion", "video", "labels"},
    {"types", "errors", "classes", "files", "jsonfile", "kernels", "messages"},
]
LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}
# Doors of the house: they name what is public, whatever its layer.
DOORS = {"__init__", "__main__"}
# Drawings use the colours of the overlay; the files at the bottom build on each other.
NEIGHBOURS = {("view", "sinks"), ("files", "errors"), ("classes", "types")}
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line, room, dotted name) of everything in this package that a file imports, wherever in it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    package = ["warpseg", *path.parts[:-1]]
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "warpseg" and len(parts) > 1:
                yield getattr(node, "lineno", 0), parts[1], name


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room in DOORS:
        return
    assert room in LEVEL, f"{path}: which layer is it in? Add it to LAYERS"
    for line, target, _ in imported(path):
        if target == room or target not in LEVEL or (room, target) in NEIGHBOURS:  # itself, or a name as __version__
            continue
        assert LEVEL[target] > LEVEL[room], f"{path}:{line} imports {target}, which is not below {room}"


def test_modules_do_not_import_in_circles() -> None:
    names = {".".join(["warpseg", *path.with_suffix("").parts]).removesuffix(".__init__"): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        if path.name == "__init__.py" and len(path.parts) == 1:
            continue  # the public names, loaded when first used
        found = set()
        for _, _, target in imported(path):
            module = target if target in names else target.rpartition(".")[0]
            if module in names and module not in (name, "warpseg"):
                found.add(module)
        graph[name] = found
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"a circle: {' -> '.join([*trail[trail.index(name) :], name])}"
        if name not in done:
            for target in sorted(graph.get(name, ())):
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_every_layer_that_is_there_is_looked_at() -> None:
    rooms = {room_of(path) for path in FILES} - DOORS
    assert rooms <= set(LEVEL)
    assert len(LAYERS) <= 7
    assert {target for _, target, _ in imported(Path("core/schemes.py"))} <= {"core", "types"}


def test_core_knows_only_mathematics() -> None:
    allowed = {"torch", "numpy", "numba", "warpseg"} | {"__future__"}
    for path in FILES:
        if path.parts[0] == "core":
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                outside = {name.split(".")[0] for name in names} - allowed - sys.stdlib_module_names
                assert not outside, f"{path} imports {outside}"


def test_nothing_imports_a_tree_of_names_it_does_not_have() -> None:
    there = {room_of(path) for path in FILES}
    public = set(warpseg.__all__) | {"__version__"}
    for path in FILES:
        for line, target, _ in imported(path):
            assert target in there | public, f"{path}:{line} imports warpseg.{target}"
