"""``warpseg bench``: a run holds every number, cold starts are cold, and bad input gets one clear line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.json_types import faults
from tests.support.tiny_models import MODELS
from warpseg.cli import app
from warpseg.errors import WarpsegError
from warpseg.measure.speed import cold_start, run, table
from warpseg.measure.speed.bench_json import Bench
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.peak_memory import peak
from warpseg.measure.speed.stages import KINDS, MODEL, STAGES
from warpseg.run.names import OUTPUTS
from warpseg.video import open_pictures

TINY = f"py:{MODELS}:nineteen"
FRAMES = 9


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return street_clip((64, 96), FRAMES, tmp_path_factory.mktemp("cache"))


def command(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, words)])


def test_outputs_are_those_of_process() -> None:
    assert set(KINDS) == set(OUTPUTS) - {"report"}  # which is written when the run is over


def test_the_street_is_rendered_once(clip: Path) -> None:
    with open_pictures(clip) as pictures:
        assert pictures.info.size == (64, 96)
        assert sum(1 for _ in pictures) == FRAMES
    before = clip.stat().st_mtime_ns
    assert street_clip((64, 96), FRAMES, clip.parents[1]) == clip
    assert clip.stat().st_mtime_ns == before


# A run


@pytest.fixture(scope="module")
def ran(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    out = tmp_path_factory.mktemp("bench")
    done = command(
        clip, "--out", out, "--model", TINY, "--device", "cpu", "--interval", "3,5", "--rounds", "2", "--compare-paper",
        "--no-fresh", "--save", "masks,overlay", "--max-frames", "8",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return done, out


def test_a_run_holds_every_number(ran: tuple[Result, Path]) -> None:
    facts: dict[str, Any] = json.loads((ran[1] / "bench.json").read_text())
    assert not faults(facts, Bench)
    assert [found["interval"] for found in facts["rows"]] == [1, 3, 5]  # frame by frame is always there
    assert [found["keyframes"] for found in facts["rows"]] == [8, 3, 2]
    for found in facts["rows"]:
        assert found["frames"] == 8
        assert [*found["stages"]] == [name for name in STAGES if name in found["stages"]]
        assert {"decode", *MODEL, "colour conversion", "write"} <= set(found["stages"])
        assert found["stages"]["decode"]["runs"] in (8, 9)  # the end is found out by one more
        assert found["stages"]["labels"]["runs"] == 8
        assert found["stages"]["colour conversion"]["runs"] == 8  # once a frame, for network and overlay together
        for stage in found["stages"].values():
            assert 0 < stage["median_ms"] <= stage["p95_ms"]
        assert found["fps"]["least"] <= found["fps"]["median"] <= found["fps"]["most"]
        assert found["first_mask_s"] > 0
    assert facts["paper"]["model_speed_up"]["1"] == 1
    assert facts["machine"]["versions"]["torch"]
    assert facts["source"]["size"] == [64, 96]
    assert facts["fresh"] is None


def test_it_is_shown_as_tables_and_drawn(ran: tuple[Result, Path]) -> None:
    done, out = ran
    for name in STAGES:
        assert name in done.stdout
    for line in table.notes(json.loads((out / "bench.json").read_text())):
        assert line in done.stdout
    for name in ("stages.png", "speed.png"):
        with Image.open(out / name) as picture:
            assert picture.width > 600


def test_frame_by_frame_is_measured_without_motion(ran: tuple[Result, Path]) -> None:
    rows = json.loads((ran[1] / "bench.json").read_text())["rows"]
    assert rows[0]["stages"]["network"]["runs"] == 8
    assert rows[1]["stages"]["motion"]["runs"] > rows[0]["stages"]["motion"]["runs"]  # the search back as well


def test_markdown_has_as_many_cells_in_each_line(ran: tuple[Result, Path]) -> None:
    facts = json.loads((ran[1] / "bench.json").read_text())
    for part in (table.speed(facts), table.stages(facts)):
        lines = table.markdown(part)
        assert len({line.count("|") for line in lines}) == 1
        assert len(lines) == len(part[1]) + 2


def settings(clip: Path, model: str) -> dict[str, Any]:
    options = {"model": model, "device": "cpu", "imgsz": [32, 48], "scheme": "copy", "interval": 2}
    return {"source": str(clip), "segmenter": options, "save": ["masks"], "max_frames": 4}


def test_a_new_process_tells_first_mask_and_memory(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(settings(clip, TINY))))
    before = time.time()
    cold_start.main()  # what it does; starting it is the next test's matter
    found = json.loads(capsys.readouterr().out)
    assert before < found["first"] < time.time()
    assert found["peak"] == pytest.approx(peak()[0], rel=0.1)


def test_a_new_process_that_fails_says_why_in_a_line(clip: Path) -> None:
    with pytest.raises(WarpsegError, match=r"^a run in a new process failed: model 'resnet' is not known"):
        cold_start.first_mask(str(clip), settings(clip, "resnet")["segmenter"], ["masks"], 4)


def test_the_first_of_them_finds_nothing_compiled_and_the_later_one_what_it_left(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches: list[set[str]] = []

    def started(words: list[str], *, env: dict[str, str], **options: Any) -> subprocess.CompletedProcess[str]:
        folders = {env[f"{name}_CACHE_DIR"] for name in ("NUMBA", "TORCHINDUCTOR", "TRITON")}
        for folder in map(Path, folders):
            assert folder.exists() == bool(caches)
            folder.mkdir(exist_ok=True)
        caches.append(folders)
        return subprocess.CompletedProcess(words, 0, json.dumps({"first": 0.0, "peak": 1, "measured_by": "VmHWM"}), "")

    monkeypatch.setattr("warpseg.measure.speed.cold_start.subprocess.run", started)
    cold_start.first_mask(str(clip), {}, ["masks"], None)
    assert len(caches) == 2
    assert caches[0] == caches[1]
    assert len(caches[0]) == 3


# Bad input


@pytest.mark.parametrize(
    "words",
    [
        ["--interval", "0"],
        ["--interval", "five"],
        ["--save", "report"],
        ["--size", "big"],
        ["--size", "641x360"],
        ["--rounds", "0"],
        ["--scheme", "every"],
    ],
)
def test_bad_usage_ends_with_2(words: list[str], clip: Path, tmp_path: Path) -> None:
    done = command(clip, "--out", tmp_path / "out", *words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = command(tmp_path / "none.mp4", "--out", tmp_path / "out", "--model", TINY, "--device", "cpu")
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "none.mp4" in errors[0]
    assert not (tmp_path / "out").exists()


def test_an_unknown_model_ends_with_2(clip: Path, tmp_path: Path) -> None:
    done = command(clip, "--out", tmp_path / "out", "--model", "resnet")
    assert done.exit_code == 2
    assert "error: model 'resnet' is not known" in done.stderr


def test_without_matplotlib_there_are_numbers_and_a_note_and_options_reach_the_segmenter(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = command(
        clip, "--out", tmp_path, "--model", TINY, "--device", "cpu", "--interval", "2", "--rounds", "1", "--no-fresh",
        "--max-frames", "4", "--json", "--precision", "fp32", "--imgsz", "32x48", "--batch", "2", "--memory", "0.5",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    notes = [line for line in done.stderr.splitlines() if line.startswith("note:")]
    assert len(notes) == 1
    assert "pip install 'warpseg[plot]'" in notes[0]
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads((tmp_path / "bench.json").read_text())
    assert not list(tmp_path.glob("*.png"))
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["loading"] == {"device": "cpu", "precision": "fp32", "imgsz": [32, 48], "compile": False}
    assert facts["options"] == {
        "fusion": "confidence", "fusion_weights": None, "propagation": "composed", "reverse": "searched",
        "motion": "auto", "flow_weights": None, "batch": 2, "memory": 5e8,
    }  # fmt: skip


def test_a_model_that_has_no_name_cannot_be_loaded_elsewhere(clip: Path, tmp_path: Path) -> None:
    from warpseg.networks import load

    with pytest.raises(ValueError, match="fresh needs the model by name"):
        run.bench(str(clip), tmp_path, model=load(TINY, device="cpu"))
