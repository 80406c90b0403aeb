"""``warpseg info``: what it says about streams whose make-up is known, and how it fails."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.assets import CORRUPTED, NASA, NASA_VFR, NO_DURATION, VIDEOS, VP9, Asset
from tests.support.pans import encode, pan
from warpseg.cli import app
from warpseg.measure.video import inspect
from warpseg.measure.video.quality import psnr
from warpseg.video.encode import encode as encode_timed

GOP = {"g": "12", "keyint_min": "12", "bf": "2", "x264-params": "b-adapt=0:scenecut=0:b-pyramid=none:open-gop=0"}


@pytest.fixture(scope="module")
def panned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures I BBP BBP BBP BP, twice and a bit, moving three pixels a frame."""
    return encode(tmp_path_factory.mktemp("info") / "pan.mp4", pan((3, 1), 30), **GOP)


@pytest.fixture(scope="module")
def told(panned: Path) -> dict[str, Any]:
    return inspect(panned).to_dict()


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["info", *map(str, words)])


def errors(result: Result) -> list[str]:
    assert "Traceback" not in result.output
    return [line for line in result.stderr.splitlines() if line.startswith("error:")]


def test_the_stream_is_described(told: dict[str, Any]) -> None:
    assert (told["codec"], told["width"], told["height"]) == ("h264", 224, 160)
    assert (told["pixel_format"], told["bits"]) == ("yuv420p", 8)
    assert (told["frame_rate"], told["constant_rate"]) == ("25", True)
    assert (told["frames"], told["frames_known"], told["duration"]) == (30, "counted", "6/5")
    assert told["audio"] == []
    assert told["analysed"]["frames"] == 30


def test_groups_of_pictures(told: dict[str, Any]) -> None:
    assert told["gop"]["length"] == {"typical": 12, "least": 12, "greatest": 12}
    assert told["gop"]["pattern"] == "IBBPBBPBBPBP"
    assert told["gop"]["b_frames"]["typical"] == 2
    assert sum(told["picture_types"].values()) == pytest.approx(1)


def test_motion_explains_a_pan(told: dict[str, Any]) -> None:
    quality = told["warp_quality"]
    assert quality["pairs"] == 29
    assert quality["psnr"] > quality["psnr_zero_motion"] + 6
    assert quality["psnr"] == pytest.approx(psnr(quality["mse"]))
    assert [far["distance"] for far in told["warp_quality_by_distance"]] == [1, 2, 3, 5, 7, 10, 15]
    assert all(far["psnr"] > far["psnr_zero_motion"] for far in told["warp_quality_by_distance"])
    assert told["frozen"] is False
    assert 2 <= told["suggested_interval"] <= 30


def test_only_part_is_looked_at(panned: Path) -> None:
    part = inspect(panned, max_frames=10, start=0.2).to_dict()
    assert part["analysed"] == {"frames": 10, "first": "1/5", "last": "14/25"}
    assert (part["frames"], part["frames_known"]) == (30, "stated")


def test_a_frozen_clip(tmp_path: Path) -> None:
    still = encode(tmp_path / "still.mkv", pan((0, 0), 8), "ffv1")
    frozen = inspect(still).to_dict()
    assert frozen["frozen"] is True
    assert frozen["warp_quality"]["psnr"] is None
    assert frozen["suggested_interval"] == 14  # twice the farthest distance that eight frames have
    assert "frozen" in run(still).stdout


@pytest.mark.parametrize(
    ("steps", "constant"),
    [([1, 1, 1], True), ([1, 2, 1], False), ([1], None)],
    ids=["constant", "variable", "one step"],
)
def test_rate_by_timestamps(tmp_path: Path, steps: list[int], constant: bool | None) -> None:
    times = [Fraction(sum(steps[:k]), 24) for k in range(len(steps) + 1)]
    path = tmp_path / "timed.mkv"  # which rounds them to milliseconds
    encode_timed(pan((2, 0), len(times)), path, rate=24, times=times)
    assert inspect(path).to_dict()["constant_rate"] is constant


def test_an_exact_rate(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    encode_timed(pan((2, 0), 5), path, rate=Fraction(24000, 1001))
    assert inspect(path).to_dict()["frame_rate"] == "24000/1001"
    assert "24000/1001 = 23.976 fps, constant" in run(path).stdout


def test_real_variable_rate() -> None:
    assert inspect(NASA_VFR.path).times.constant is False
    assert inspect(NASA.path, max_frames=20).times.constant is True


def test_no_suggestion_for_a_single_frame(tmp_path: Path) -> None:
    alone = inspect(encode(tmp_path / "one.mp4", pan((0, 0), 1))).to_dict()
    assert alone["suggested_interval"] is None
    assert alone["warp_quality"] is None
    assert run(tmp_path / "one.mp4").exit_code == 0


def test_vectors_by_distance(told: dict[str, Any]) -> None:
    shares = told["vector_distances"]
    assert sum(shares.values()) == pytest.approx(1)
    # B-frames point at the anchors around them, one or two frames away, P-frames three frames back.
    assert sum(shares[distance] for distance in ("-3", "-2", "-1", "+1", "+2")) > 0.95
    assert min(shares[distance] for distance in ("-3", "+1")) > 0.1
    assert 0 <= told["intra"] < 0.2
    assert told["decision"].startswith("codec: h264")
    assert told["motion"]["codec"] == pytest.approx(0.9)  # all but the first frame and two I-frames


def test_vp9_says_why_it_is_estimated() -> None:
    result = run(VP9.path, "--max-frames", "5")
    assert "estimate: vp9 has no motion vectors" in result.stdout
    vp9 = inspect(VP9.path, max_frames=5).to_dict()
    assert vp9["motion"] == {"estimate": 0.8, "none": 0.2}
    assert (vp9["vector_distances"], vp9["intra"]) == ({}, None)


def test_motion_is_what_was_asked_for(panned: Path) -> None:
    assert inspect(panned, max_frames=4, motion="estimate").motion == {"none": 1, "estimate": 3}
    still = inspect(panned, max_frames=4, motion="none")
    assert still.motion == {"none": 4}
    assert still.quality is not None
    assert still.quality.warped == still.quality.still > 0
    refused = run(VP9.path, "--motion", "codec")
    assert refused.exit_code == 1
    assert len(errors(refused)) == 1


def test_an_unknown_length_is_not_made_up() -> None:
    unknown = inspect(NO_DURATION.path, max_frames=3)
    assert (unknown.frames, unknown.duration) == (None, None)


def test_arrays_and_images_have_no_stream() -> None:
    found = inspect(pan((2, 0), 6)).to_dict()
    assert (found["codec"], found["frames"], found["frames_known"]) == (None, 6, "counted")
    assert found["picture_types"] == {}


@pytest.mark.parametrize("clip", VIDEOS, ids=str)
def test_json_is_complete_for_every_clip(clip: Asset) -> None:
    result = run(clip.path, "--max-frames", "6", "--json")
    assert result.exit_code == 0, result.output
    line = result.stdout.strip()
    found = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert found["source"] == str(clip.path)
    assert found["complete"] is True
    assert (found["codec"], found["rotation"]) == (clip.codec, clip.rotation)
    assert (found["height"], found["width"]) == clip.size
    assert found["timestamps"] is clip.timestamps
    for shares in (found["picture_types"], found["motion"]):
        assert sum(shares.values()) == pytest.approx(1)
    assert found["decision"]
    assert found["why"]


def test_what_people_read(panned: Path) -> None:
    lines = run(panned).stdout.splitlines()
    assert lines[0] == str(panned)
    names = [line[2:14].strip() for line in lines[1:] if line]
    assert {"container", "video", "rate", "pictures", "GOP", "motion", "warp quality", "suggestion"} <= set(names)
    assert any("30 frames" in line and "analysed" in line for line in lines)


def test_missing_and_damaged_sources_cost_one_line_each(panned: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video" * 50)
    result = run(tmp_path / "missing.mp4", tmp_path / "notes.mp4", panned, "--json")
    assert result.exit_code == 1
    assert len(errors(result)) == 2
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["complete"] for one in found] == [False, False, True]


def test_damage_part_way_is_told_beside_what_was_found() -> None:
    result = run(CORRUPTED.path)
    assert result.exit_code == 1
    assert len(errors(result)) == 1
    assert "49 frames" in result.stdout


@pytest.mark.parametrize(
    "words",
    [["--max-frames", "few"], ["--max-frames", "-3"], ["--start", "2", "--end", "1"], ["--motion", "magic"]],
    ids=" ".join,
)
def test_usage(panned: Path, words: list[str]) -> None:
    assert run(panned, *words).exit_code == 2


@pytest.mark.parametrize("words", [["0"], ["all"]], ids=" ".join)
def test_everything(panned: Path, words: list[str]) -> None:
    assert json.loads(run(panned, "--json", "--max-frames", *words).stdout)["analysed"]["frames"] == 30


def picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_plot(panned: Path, tmp_path: Path) -> None:
    result = run(panned, "--plot", tmp_path / "pan.png")
    assert result.exit_code == 0, result.output
    drawn = picture(tmp_path / "pan.png")
    assert drawn.shape[1] == 1600
    assert 1000 < drawn.shape[0] < 2000
    coloured = np.ptp(drawn.astype(int), axis=2) > 60  # the frames under their motion, which is the same everywhere
    assert coloured.mean() > 0.2
    assert (drawn == 255).all(2).mean() > 0.2  # and paper around them
    assert [path.name for path in tmp_path.iterdir()] == ["pan.png"]


@pytest.mark.parametrize("count", [1, 2, 5], ids="{} frames".format)
def test_plot_of_next_to_nothing(tmp_path: Path, count: int) -> None:
    clip = encode(tmp_path / "short.mkv", pan((0, 0), count, size=(64, 48)), "ffv1")
    result = run(clip, "--plot", tmp_path / "short.png")
    assert result.exit_code == 0, result.output
    assert picture(tmp_path / "short.png").std() > 5


def test_plot_without_matplotlib(panned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run(panned, "--plot", tmp_path / "pan.png")
    assert result.exit_code == 2
    assert len(errors(result)) == 1
    assert "pip install 'warpseg[plot]'" in result.stderr


@pytest.mark.parametrize("name", ["pan.jpg", "nowhere/pan.png"])
def test_plot_usage(panned: Path, tmp_path: Path, name: str) -> None:
    assert run(panned, "--plot", tmp_path / name).exit_code == 2
    assert run(panned, panned, "--plot", tmp_path / "pan.png").exit_code == 2
