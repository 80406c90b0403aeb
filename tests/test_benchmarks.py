"""Benchmarks run, write complete results, and the pages are what the committed results say."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import __main__ as door
from benchmarks import scale
from benchmarks._lib import pages, result
from benchmarks._lib.context import DATA, REPOSITORY, RESULTS, Context, Skipped

FACTS = ["benchmark", "commit", "command", "cpu", "gpu", "threads", "versions", "results"]
FULL_ONLY = ["fresh"]  # new processes with nothing compiled, which a quick run does not start


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("name", door.NAMES)
def test_a_quick_run_writes_a_complete_result(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    door.main([name, "--quick", "--out", str(tmp_path)])
    skipped = re.search(rf"^{name}: skipped, (needs .*)$", capsys.readouterr().out, re.MULTILINE)
    if skipped:
        assert not list(tmp_path.iterdir())
        pytest.skip(skipped[1])
    facts = json.loads((tmp_path / f"{name}.json").read_text())
    assert list(facts) == FACTS
    assert facts["benchmark"] == name
    assert facts["command"] == ["python", "-m", "benchmarks", name, "--quick", "--out", str(tmp_path)]
    assert not missing(shape(facts["results"]), shape(result.read(RESULTS, name)))
    module = door.benchmark(name)
    lines = [line for table in getattr(module, "PAGES", {}).values() for line in table(facts["results"])]
    assert bool(lines) == hasattr(module, "PAGES")
    for picture, draw in getattr(module, "FIGURES", {}).items():
        draw(facts["results"], tmp_path / Path(picture).name)


def shape(value: Any) -> Any:
    """Return the keys of a result at every level, the rows of a list joined; intervals as keys are a list too."""
    if isinstance(value, list):
        return joined([shape(each) for each in value])
    if isinstance(value, dict):
        if all(key.isdecimal() for key in value):
            return joined([shape(each) for each in value.values()])
        return {key: shape(each) for key, each in value.items() if key not in FULL_ONLY}
    return {}


def missing(found: dict[str, Any], full: dict[str, Any], at: str = "results") -> list[str]:
    """Return the keys of ``full`` that ``found`` lacks; commands may have learnt to say more since it was measured."""
    lacking = [f"{at}.{key}" for key in full if key not in found]
    return lacking + [each for key in found if key in full for each in missing(found[key], full[key], f"{at}.{key}")]


def joined(shapes: list[Any]) -> Any:
    keys = dict.fromkeys(key for each in shapes for key in each)
    return {key: joined([each[key] for each in shapes if key in each]) for key in keys}


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_committed_result_names_one_commit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    facts = json.loads(text)
    assert [name for name in facts if name != "note"] == FACTS
    assert facts["benchmark"] == path.stem
    assert path.stem in door.NAMES
    assert re.fullmatch("[0-9a-f]{7}", facts["commit"])
    assert text.count('"commit"') == 1


def test_the_pages_are_what_the_results_say(tmp_path: Path) -> None:
    for place in ("README.md", "docs"):
        copy = shutil.copytree if (REPOSITORY / place).is_dir() else shutil.copy
        copy(REPOSITORY / place, tmp_path / place)
    door.write_pages(RESULTS, tmp_path, figures=False)
    for page in (tmp_path / "README.md", *sorted((tmp_path / "docs").glob("*.md"))):
        assert page.read_text() == (REPOSITORY / page.relative_to(tmp_path)).read_text(), page.name


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_growth_is_fitted(power: float) -> None:
    rows = [
        {"megapixels": pixels, "ms": dict.fromkeys(scale.STAGES, 3 * pixels**power)} for pixels in (0.25, 1.0, 4.0, 8.0)
    ]
    for name, found in scale.fit(rows).items():
        assert found["exponent"] == pytest.approx(power)
        if power == 1:
            assert found["slope"] == pytest.approx(3 * (len(scale.STAGES) if name == "all" else 1))
            assert found["r2"] == pytest.approx(1)
        else:
            assert found["r2"] < 0.999


def test_a_section_is_written_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- speed: begin -->\nold\n<!-- speed: end -->\n\nafter\n")
    for _ in range(2):
        pages.fill(page, "speed", ["new", "lines", ""])
        assert page.read_text() == "before\n\n<!-- speed: begin -->\n\nnew\nlines\n\n<!-- speed: end -->\n\nafter\n"
    row, note = f"| {'cell ' * 30}|", "- " + "word " * 30
    pages.fill(page, "speed", [row, "", note])
    inside = page.read_text().splitlines()[4:-4]
    assert inside == [row, "", "- " + "word " * 18 + "word", "  " + "word " * 10 + "word"]
    with pytest.raises(SystemExit, match=r"page.md: no <!-- scale: begin -->"):
        pages.fill(page, "scale", [])


def test_every_benchmark_is_listed_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    door.main(["list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == door.NAMES
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no benchmark nothing; expected list, pages, or some of accuracy, adaptive"),
        (["labels", "--quick", "--out", str(RESULTS)], "--quick measures nothing worth keeping; choose another --out"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        door.main(arguments)
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_without_data_a_benchmark_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    door.main(["confidence", "--quick", "--data", str(tmp_path / "none"), "--out", str(tmp_path)])
    assert "confidence: skipped, needs CamVid's drive" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_parts_of_an_interrupted_run_are_not_measured_again(tmp_path: Path) -> None:
    context = Context(DATA, tmp_path, tmp_path, kept=tmp_path / "kept")
    assert context.part("a, b", lambda: [1]) == [1]
    assert context.part("a, b", lambda: pytest.fail("measured again")) == [1]
    assert Context(DATA, tmp_path, tmp_path).part("a, b", lambda: [2]) == [2]
    with pytest.raises(Skipped, match=r"needs .*nothing\.mp4"):
        context.video("nothing.mp4")


def test_a_result_is_readable_json_with_a_row_a_line() -> None:
    value = {"rows": [{"a": 0.1 + 0.2, "b": [1, 2], "c": None}] * 20, "é": (1, "x")}
    text = result.text(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert len(text.splitlines()) == 20 + 5
