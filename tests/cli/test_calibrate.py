"""``warpseg calibrate``: a profile is made, used and named, and bad input gets one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.calibration import CHECKSUM, MODEL, profile
from tests.support.json_types import faults
from tests.support.tiny_models import MODELS
from warpseg.cli import app
from warpseg.errors import ModelError, ProfileError
from warpseg.measure.calibration.profile import Weights, read, write
from warpseg.measure.calibration.profile_json import ProfileFacts
from warpseg.measure.calibration.samples import VideoMaterial
from warpseg.video.encode import encode


def test_a_profile_knows_the_weights_of_its_flow(street: Path, tmp_path: Path) -> None:
    path, weights = tmp_path / "profile.json", tmp_path / "raft.pth"
    weights.write_bytes(b"weights")
    made = profile(motion="flow", flow_weights=Weights.of(weights), model={"name": MODEL, "sha256": CHECKSUM})
    write(made, path)
    assert read(path) == made
    assert Weights.of(weights).found(path) == weights

    def segment(*more: str) -> Result:
        words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(path), "--model", MODEL]
        return CliRunner().invoke(app, [*words, "--device", "cpu", "--save", "stats", "--max-frames", "2", *more])

    # They are taken from there: torch has something to say of them.
    assert "raft.pth" in error_of(segment(), 1)
    (tmp_path / "others.pth").write_bytes(b"others")
    given = segment("--flow-weights", str(tmp_path / "others.pth"))
    assert "others.pth" in error_of(given, 1)
    assert "--flow-weights are not the profile's" in given.stderr
    assert segment("--motion", "estimate").exit_code == 0
    weights.write_bytes(b"changed")
    assert "raft.pth has changed since then" in error_of(segment("--overwrite"), 2)
    weights.unlink()
    assert "raft.pth is missing; name it with --flow-weights" in error_of(segment("--overwrite"), 2)
    with pytest.raises(ModelError, match=r"raft.pth: cannot be read"):
        Weights.of(weights)
    found = json.loads(path.read_text())
    found["settings"]["flow_weights"] = "raft.pth"
    path.write_text(json.dumps(found))
    with pytest.raises(ProfileError, match=r"flow_weights 'raft.pth': expected a file"):
        read(path)


def test_flow_weights_reach_the_motion(street: Path, tmp_path: Path, run: Callable[..., Result]) -> None:
    material = VideoMaterial(str(street), "flow", tmp_path / "absent.pth")
    with pytest.raises(ModelError, match=r"absent.pth"):
        next(material.start(0))
    more = ("--flow-weights", tmp_path / "absent.pth", "--min-agreement", "90")
    assert "flow_weights are for motion 'flow'" in error_of(run(street, *more), 2)
    assert "absent.pth: cannot be read" in error_of(run(street, *more, "--motion", "flow"), 2)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def command(*words: str | Path, model: str = "tiny") -> Result:
        given = ["calibrate", *map(str, words), "--model", f"py:{MODELS}:{model}", "--device", "cpu"]
        return CliRunner().invoke(app, [*given, "--out", str(tmp_path / "profile.json")])

    return command


def error_of(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    if code == 2 and not lines:  # typer's own
        return " ".join(result.stderr.replace("│", " ").split())
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_profile_is_made_used_and_named(run: Callable[..., Result], street: Path, tmp_path: Path) -> None:
    result = run(
        street, "--min-agreement", "75", "--max-interval", "4", "--samples", "6", "--plot", tmp_path / "plot.png",
        "--scheme", "copy,interpolate",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "mIoU" not in result.output  # never by that name
    found = json.loads((tmp_path / "profile.json").read_text())
    settings = ("format", "settings", "target", "model")
    assert not faults({key: value for key, value in found.items() if key not in settings}, ProfileFacts)
    reached, evidence = found["reached"], found["evidence"]
    assert reached["bound"] >= 75
    assert reached["weakest_window"] <= reached["worst"]
    assert reached["bound"] < reached["worst"] == min(reached["by_distance"])
    assert found["settings"]["interval"] == max(row["interval"] for row in evidence if row["meets"])
    assert found["sources"] == ["street.mp4"]
    assert found["sampling"]["network_frames"] <= 110
    assert "wrote:" in result.stdout
    with Image.open(tmp_path / "plot.png") as image:
        assert image.size == (1100, 682)

    def segment(*more: str, model: str = "tiny") -> Result:
        words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(tmp_path / "profile.json")]
        options = ["--save", "stats", "--max-frames", "12", "--device", "cpu", "--model", f"py:{MODELS}:{model}"]
        return CliRunner().invoke(app, [*words, *options, *more])

    def told() -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((tmp_path / "out" / "street" / "run.json").read_text())
        return facts

    assert segment().exit_code == 0
    assert {key: told()[key] for key in ("scheme", "interval")} == {
        key: found["settings"][key] for key in ("scheme", "interval")
    }
    assert told()["profile"]["file"] == str(tmp_path / "profile.json")
    assert told()["profile"]["overridden"] == []
    own = segment("--overwrite", "--interval", "9")
    assert own.exit_code == 0
    assert "--interval 9 instead of the profile's" in own.stderr
    assert (told()["interval"], told()["scheme"]) == (9, found["settings"]["scheme"])
    assert told()["profile"]["overridden"] == ["interval"]
    (tmp_path / "profile.json").write_text("{}")
    assert "not a profile" in error_of(segment("--overwrite"), 2)


def test_another_network_is_refused(street: Path, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(path)]
    result = CliRunner().invoke(app, [*words, "--model", f"py:{MODELS}:tiny", "--device", "cpu"])
    assert "made with camvid" in error_of(result, 2)
    assert not (tmp_path / "out").exists()


def test_a_promise_that_interval_2_breaks_is_refused_and_nothing_written(
    run: Callable[..., Result], street: Path, tmp_path: Path
) -> None:
    result = run(street, "--min-agreement", "99.99", "--max-interval", "2", "--samples", "5", "--scheme", "copy")
    assert "missed at interval 2 already" in error_of(result, 1)
    assert "--scheme every" in result.stderr
    assert not (tmp_path / "profile.json").exists()


def test_a_speed_that_every_frame_has_needs_no_interval(
    run: Callable[..., Result], street: Path, tmp_path: Path
) -> None:
    result = run(street, "--min-fps", "1", "--max-interval", "3")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "profile.json").read_text())
    assert (found["settings"]["scheme"], found["settings"]["interval"]) == ("every", 1)
    assert found["frames_per_second"] > 1


def test_a_speed_out_of_reach_is_refused(run: Callable[..., Result], street: Path) -> None:
    result = run(street, "--min-fps", "1e6", "--max-interval", "2", "--scheme", "copy")
    assert "is not reached on this machine" in error_of(result, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["clip.mp4"], "0 targets given"),
        (["clip.mp4", "--min-agreement", "95", "--min-fps", "10"], "2 targets given"),
        (["clip.mp4", "--min-miou", "65"], "mIoU needs labels"),
        (["clip.mp4", "--max-drop", "2"], "mIoU needs labels"),
        (["clip.mp4", "--min-agreement", "101"], "100 at most"),
        (["clip.mp4", "--min-agreement", "95", "--scheme", "best"], "'best': expected one of every, copy"),
        (["clip.mp4", "--min-agreement", "95", "--scheme", "every,copy"], "scheme 'every' has no interval"),
        (["--min-agreement", "95"], "either sources or a --dataset"),
        (["--dataset", "camvid", "--min-miou", "60"], "--root"),
        (["-", "--min-agreement", "95"], "read only once"),
        (["clip.mp4", "--min-agreement", "95", "--plot", "plot.jpg"], "ends in .png"),
    ],
)
def test_wrong_usage_is_named(run: Callable[..., Result], words: list[str], said: str) -> None:
    assert said in error_of(run(*words), 2)


def test_sources_that_cannot_do_are_named(run: Callable[..., Result], street: Path, tmp_path: Path) -> None:
    assert "no such file" in error_of(run(tmp_path / "absent.mp4", "--min-agreement", "95"), 1)
    short = tmp_path / "short.mp4"
    encode((np.full((64, 96, 3), i, np.uint8) for i in range(30)), short, rate=25)
    assert "samples of 10 frames" in error_of(run(short, "--min-agreement", "95"), 1)
