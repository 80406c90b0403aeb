"""Registries: one more line makes a new choice an option, an error's suggestion, a run, and a fact of its result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.command import moving
from tests.support.tiny_models import MODELS
from warpseg.video.encode import encode

# Runs commands (JSON on standard input) where every registry has one more entry, made of what is there already.
ADDED = """
import json, sys
from dataclasses import replace
from types import ModuleType

from typer.testing import CliRunner

from warpseg.datasets.choices import DATASETS, DatasetChoice
from warpseg.engine.choices import (
    FUSIONS, MOTIONS, PROPAGATIONS, REVERSES, SCHEMES, Choice, FusionChoice, MotionChoice, SchemeChoice
)
from warpseg.networks import FAMILIES, Family
from warpseg.sinks import SINKS
from warpseg.sinks import SinkKind

uses = ("fusion", "propagation", "reverse")
SCHEMES["new-scheme"] = SchemeChoice("a new scheme", "core.schemes:interpolate", uses, waits=True)
FUSIONS["new-fusion"] = FusionChoice("a new fusion", "core.fusion:average")
PROPAGATIONS["new-propagation"] = Choice("a new propagation", "core.propagation:chained")
REVERSES["new-reverse"] = Choice("a new reverse", "core.propagation:negated")
MOTIONS["new-motion"] = MotionChoice("a new motion source")
SINKS["new-sink"] = SinkKind(("new.mkv",), "masks:MaskSink")
FAMILIES["new-network"] = Family("new-network:FILE.py:NAME", "a new network", "python_file:from_name")
DATASETS["new-data"] = DatasetChoice("a new data set", "new:open_new", encoding="none")

def open_new(root, options):
    from warpseg.datasets.folders import open_folder
    return replace(open_folder(root, options), name="new-data")

sys.modules["warpseg.new"] = ModuleType("warpseg.new")
sys.modules["warpseg.new"].open_new = open_new

from warpseg.cli import app

results = [CliRunner().invoke(app, words, env={"COLUMNS": "120"}) for words in json.load(sys.stdin)]
print(json.dumps([(result.exit_code, result.output) for result in results]))
"""
OPTIONS = {
    "--scheme": "new-scheme", "--fusion": "new-fusion", "--propagation": "new-propagation", "--reverse": "new-reverse",
    "--motion": "new-motion", "--model": f"new-network:{MODELS}:tiny",
}  # fmt: skip
CHOSEN = [word for option in OPTIONS.items() for word in option]
KINDS = ("scheme", "fusion", "propagation", "reverse", "motion")


def run(*commands: list[str]) -> list[tuple[int, str]]:
    done = subprocess.run(
        [sys.executable, "-c", ADDED], input=json.dumps(commands), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[tuple[int, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def read(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    encode(moving(8), path, rate=25)
    return path


def test_a_new_choice_is_in_the_help() -> None:
    (_, segment), (_, evaluate), (_, bench) = run(["segment", "--help"], ["evaluate", "--help"], ["bench", "--help"])
    lines = {"segment": segment, "evaluate": evaluate, "bench": bench}
    words = {command: [" ".join(line.split()) for line in text.splitlines()] for command, text in lines.items()}
    for kind in KINDS:
        said = f"new-{kind} a new {'motion source' if kind == 'motion' else kind}"
        assert all(said in found for found in words.values()), kind
    assert all("new-network:FILE.py:NAME a new network" in found for found in words.values())
    assert "new-sink new.mkv" in words["segment"]
    assert "new-sink new.mkv" in words["bench"]
    assert "new-data a new data set" in words["evaluate"]


def test_a_new_choice_is_named_where_an_unknown_one_is_refused(clip: Path, tmp_path: Path) -> None:
    options = [*(f"--{kind}" for kind in KINDS), "--save", "--model"]
    segment = ["segment", str(clip), "--out", str(tmp_path / "out")]
    evaluate = ["evaluate", "--dataset", "nothing", "--root", str(tmp_path), "--out", str(tmp_path / "out")]
    answers = run(*([*segment, option, "nothing"] for option in options), evaluate)
    names = [*(f"new-{kind}" for kind in KINDS), "new-sink", "new-network:FILE.py:NAME", "new-data"]
    for name, (code, text) in zip(names, answers, strict=True):
        assert code == 2, text
        assert name in text
    assert not (tmp_path / "out").exists()


def test_a_new_choice_runs_and_is_recorded(clip: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for i, picture in enumerate(moving(8)):
        Image.fromarray(picture).save(frames / f"{i:03}.png")
    common = [*CHOSEN, "--interval", "3", "--device", "cpu"]
    data = ["--dataset", "new-data", "--root", str(frames)]
    answers = run(
        ["segment", str(clip), "--out", str(tmp_path), "--save", "new-sink", *common],
        ["evaluate", "--out", str(tmp_path / "e"), "--rounds", "0", *data, *common],
    )
    assert [code for code, _ in answers] == [0, 0], answers
    facts = read(tmp_path / "clip" / "run.json")
    assert {kind: facts[kind] for kind in KINDS[:4]} == {kind: f"new-{kind}" for kind in KINDS[:4]}
    assert facts["motion"]["asked"] == "new-motion"
    assert facts["saved"] == ["new-sink"]
    assert (tmp_path / "clip" / "new.mkv").stat().st_size
    assert facts["model"]["sha256"]
    evaluation = read(tmp_path / "e" / "evaluation.json")
    assert evaluation["dataset"]["name"] == "new-data"
    assert {kind: evaluation["rows"][1][kind] for kind in KINDS} == {kind: f"new-{kind}" for kind in KINDS}
