"""``warpseg reproduce``: each table and figure is made of the settings it says, small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from tests.support.tiny_models import MODELS
from warpseg.cli import app
from warpseg.errors import ModelError
from warpseg.measure.paper.published import TABLE_1, retention, table1_settings
from warpseg.measure.paper.table2 import convolution

pytest.importorskip("cv2", reason="prop-flow needs OpenCV")
pytest.importorskip("matplotlib", reason="figures need matplotlib")

MODEL = f"py:{MODELS}:eleven"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(what: str, out: Path, cache: Path, *more: str) -> Result:
    words = ["reproduce", what, "--dataset", "streets", "--out", str(out), "--cache", str(cache), "--model", MODEL]
    words += ["--max-clips", "2", "--max-frames", "15", "--size", "96x64", "--device", "cpu"]
    return CliRunner().invoke(app, [*words, *more])


def read(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def test_table_1_and_the_figure_drawn_from_it(tmp_path: Path, cache: Path) -> None:
    done = run("table1", tmp_path, cache, "--interval", "1,3", "--rounds", "1", "--speed-frames", "6")
    assert done.exit_code == 0, done.output
    table = read(tmp_path / "table1.json")
    assert [*table["rows"]] == ["every frame", "copy", "prop-flow", "prop-mv", "interp", "ours, propagate",
                                "ours, interpolate"]  # fmt: skip
    every = table["rows"]["every frame"]["average"][0]
    for row in table["rows"].values():
        assert row["average"][0] == row["minimum"][0] == every
        assert len(row["fps"]) == 2
    assert table["paper"]["interp"]["average_retention"] == pytest.approx([100, 100 * 72.5 / 75.2])
    assert "| *paper, interp* | 100.0 | 96.4 |" in done.stdout
    evaluated = read(tmp_path / "table1" / "evaluation.json")
    by_name = {row["name"]: row for row in evaluated["rows"]}
    cell = by_name["interpolate n=3, chained, average fusion, negated"]
    assert table["rows"]["interp"]["average"][1] == cell["average_with_keyframes"]
    assert by_name["propagate n=3, motion flow, chained"]["worst"] == table["rows"]["prop-flow"]["minimum"][1]
    assert run("fig4", tmp_path, cache).exit_code == 0
    with Image.open(tmp_path / "fig4.png") as picture:
        assert picture.width > 800


def test_table_2_has_conv_where_its_weights_are_given(tmp_path: Path, cache: Path) -> None:
    done = run("table2", tmp_path, cache)
    assert done.exit_code == 0, done.output
    table = read(tmp_path / "table2.json")
    assert table["rows"]["ours"]["conv"] == "not given"
    assert "not given" in done.stdout
    both = torch.cat([torch.eye(11), torch.eye(11)], 1)[:, :, None, None]
    save_file({"weight": both.contiguous(), "bias": torch.zeros(11)}, tmp_path / "conv.safetensors")
    given = run("table2", tmp_path, cache, "--fusion-weights", str(tmp_path / "conv.safetensors"))
    assert given.exit_code == 0, given.output
    rows = read(tmp_path / "table2.json")["rows"]["as printed"]
    assert rows["conv"]["value"] == pytest.approx(rows["average"]["value"])  # [I I] is the weighted sum
    assert len(rows["forward"]["value"]) == 4


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3, 3, 1, 1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=r"other.safetensors: has no bias"):
        convolution(tmp_path / "other.safetensors")


def test_figure_2_and_5(tmp_path: Path, cache: Path) -> None:
    done = run("fig2", tmp_path, cache, "--rounds", "1", "--speed-frames", "8")
    assert done.exit_code == 0, done.output
    ms = read(tmp_path / "fig2.json")["ms"]
    for way, row in ms.items():
        if not way.startswith("network"):
            assert row["all"] == pytest.approx(sum(value for stage, value in row.items() if stage != "all"))
            assert min(row.values()) > 0
    assert (tmp_path / "fig2.png").exists()
    assert run("fig5", tmp_path, cache, "--key", "2").exit_code == 0
    facts = read(tmp_path / "fig5.json")
    assert [len(values) for values in facts["miou"].values()] == [7] * 4
    assert facts["miou"]["ours"][0] == facts["miou"]["frame by frame"][0]
    assert (tmp_path / "fig5.png").exists()
    late = run("fig5", tmp_path, cache, "--key", "9")
    assert late.exit_code == 1
    assert "ends before frame 16" in late.stderr


def test_bad_usage_ends_with_2(tmp_path: Path, cache: Path) -> None:
    assert run("table3", tmp_path, cache).exit_code == 2
    assert run("table1", tmp_path, cache, "--size", "large").exit_code == 2
    assert run("table1", tmp_path, cache, "--random-weights").exit_code == 2
    assert CliRunner().invoke(app, ["reproduce", "fig2", "--dataset", "camvid", "--out", str(tmp_path)]).exit_code == 2


def test_the_papers_numbers_are_whole() -> None:
    for row in TABLE_1.values():
        assert {len(values) for values in row.values()} == {10}
        assert retention(row["average"])[0] == 100
    assert {len(row) for row in table1_settings([1, 5, 10], "auto").values()} == {3}
