"""Imports point down only (../shared/design.md, section 2), those inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import warpseg

ROOT = Path(warpseg.__file__).parent
# From the top down. Rooms of one layer do not import each other.
LAYERS = [
    {"cli"},
    {"bench"},
    {"calibrate", "reproduce"},
    {"evaluate", "train", "plots"},
    {"segmenter"},
    {"process"},
    {"report", "info", "motion_range", "pages", "adaptive", "window_labels"},
    {"source", "segmentation", "evidence", "ahead", "space"},
    {"video", "motion", "networks", "sinks", "labels", "synthetic"},
    {"schemes"},
    {"geometry", "fusion", "schedule", "room"},
    {"types", "errors", "timing", "sampling", "pipeline", "interrupt", "startup"},
]
LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}
# Doors of the house: they name what is public, whatever its layer.
DOORS = {"__init__", "__main__"}
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, room) of everything in this package that a file imports at run time, wherever in it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    package = ["warpseg", *path.parts[:-1]]
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
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
            if parts[0] == "warpseg" and len(parts) > 1 and node not in for_types:
                yield getattr(node, "lineno", 0), parts[1]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room in DOORS:
        return
    assert room in LEVEL, f"{path}: which layer is it in? Add it to LAYERS"
    for line, target in imported(path):
        if target == room or target not in LEVEL:  # itself, or a name such as __version__
            continue
        assert LEVEL[target] > LEVEL[room], f"{path}:{line} imports {target}, which is not below {room}"


def test_every_layer_that_is_there_is_looked_at() -> None:
    rooms = {room_of(path) for path in FILES} - DOORS
    assert {"schemes", "geometry", "types", "source", "segmenter", "cli"} <= rooms
    assert rooms <= set(LEVEL)
    assert {target for _, target in imported(Path("geometry.py"))} <= {"types", "sampling"}
    assert {target for _, target in imported(Path("schemes.py"))} == {"fusion", "geometry", "schedule", "types"}


def test_nothing_imports_a_tree_of_names_it_does_not_have() -> None:
    there = {room_of(path) for path in FILES}
    public = set(warpseg.__all__) | {"__version__"}
    for path in FILES:
        for line, target in imported(path):
            assert target in there | public, f"{path}:{line} imports warpseg.{target}"
