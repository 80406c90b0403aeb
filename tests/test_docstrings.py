"""Docstrings of the public names: complete, and their examples run."""

from __future__ import annotations

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import warpseg
from warpseg.synthetic import Street
from warpseg.video.encode import encode

SOURCE = Path(warpseg.__file__).parent
# Modules with examples, which run in a folder that holds drive.mp4.
MODULES = [
    ".".join(("warpseg", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
WITH_EXAMPLE = [
    "Classes", "Frame", "MotionField", "MotionRange", "Network", "Segmentation", "Segmenter", "Video", "VideoInfo",
    "WarpsegError", "load", "open_video", "process", "read_motion",
]  # fmt: skip


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the video of the examples: 20 frames of a street, H.264 with B-frames."""
    folder = tmp_path_factory.mktemp("examples")
    street = Street(seed=7, size=(120, 160), rate=15)
    encode((frame.pixels for frame in street.frames(20)), folder / "drive.mp4", rate=15)
    return folder


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(drive)
    module = import_module(name)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def public_callables() -> list[tuple[str, object]]:
    """Return every public name and its own public methods, by the names that a reader calls them."""
    found: list[tuple[str, object]] = []
    for name in warpseg.__all__:
        value = getattr(warpseg, name)
        found.append((name, value))
        if inspect.isclass(value) and not issubclass(value, Exception):
            own = {k: v for k, v in vars(value).items() if not k.startswith("_")}
            found += [
                (f"{name}.{k}", inspect.unwrap(getattr(value, k)))
                for k, v in own.items()
                if (inspect.isfunction(v) and v.__name__ == k) or isinstance(v, classmethod)
            ]
    return found


@pytest.mark.parametrize(("name", "value"), public_callables(), ids=[name for name, _ in public_callables()])
def test_docstrings_have_sections(name: str, value: object) -> None:
    text = inspect.getdoc(value)
    assert text, f"{name} has no docstring"
    first = text.splitlines()[0]
    assert first.endswith((".", ":")), f"{name}: the first line is no sentence: {first}"
    if inspect.isclass(value):
        if not issubclass(value, Exception):
            assert "Attributes:" in text or "Args:" in text, f"{name}: describe its parameters"
        return
    signature = inspect.signature(value)  # type: ignore[arg-type]
    parameters = [p for p in signature.parameters if p not in ("self", "cls")]
    if parameters:
        assert "Args:" in text, f"{name}: describe its parameters"
        arguments = text.split("Args:")[1]
        assert all(f"    {p}:" in arguments for p in parameters), f"{name}: describe each of {', '.join(parameters)}"
    if signature.return_annotation not in ("None", None) and parameters:
        assert "Returns:" in text or "Yields:" in text, f"{name}: describe what it returns"


def test_example_sections_are_named_as_the_reference_reads_them() -> None:
    """The site shows a section ``Example:`` as a remark, not as code."""
    assert not [p for p in SOURCE.rglob("*.py") if re.search(r"^ *Example:$", p.read_text(encoding="utf-8"), re.M)]


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_main_names_have_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(getattr(warpseg, name)) or "")
