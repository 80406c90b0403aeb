"""The report: one self-contained page with all that is known of a run, of bounded size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from tests.support.command import TINY, facts, moving, one_line
from tests.support.made_up_results import CLASSES, collected, segmentation
from tests.support.page_checks import checked
from warpseg.cli import app
from warpseg.core.schemes import Estimate
from warpseg.engine.segmentation import Segmentation
from warpseg.errors import OutputError
from warpseg.run.page import write_report
from warpseg.run.samples import Collected
from warpseg.types import Frame, VideoInfo
from warpseg.video.encode import encode

ODD = "<script>alert(1)<script> & 'x' \".mp4"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    encode(moving(12), path, rate=25)
    return path


def segment(folder: Path, *arguments: str | Path) -> Result:
    words = ["segment", *map(str, arguments), "--out", str(folder / "out"), "--model", TINY, "--device", "cpu"]
    return CliRunner().invoke(app, words)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def test_everything_that_is_known_of_a_run_is_on_its_page(tmp_path: Path) -> None:
    source = tmp_path / ODD
    encode(moving(12), source, rate=25)
    page_path = tmp_path / "out.html"
    result = segment(tmp_path, source, "--report", page_path, "--save", "masks")
    assert result.exit_code == 0, result.output
    known = facts(tmp_path / "out" / source.stem)
    page = checked(page_path)
    for leaf in leaves(known):
        said = {"None": "—", "True": "yes", "False": "no"}.get(str(leaf), str(leaf))
        assert said in page.text, f"{leaf!r} is not on the page"
    assert str(source) in page.text
    assert [tag for tag, _ in page.tags].count("script") == 1, "a file's name became markup"
    assert len(page.all("div", "moment")) == 12
    for what in ("input", "overlay", "labels", "motion (codec)", "network", "warp and fuse", "keyframe"):
        assert what in page.text
    assert not list(tmp_path.glob("*.part*"))


def test_a_page_beside_the_other_outputs(clip: Path, tmp_path: Path) -> None:
    assert segment(tmp_path, clip, "--save", "report").exit_code == 0
    folder = tmp_path / "out" / "clip"
    assert {path.name for path in folder.iterdir()} == {"run.json", "report.html"}
    checked(folder / "report.html")
    one_line(segment(tmp_path, clip, "--save", "report"), "report.html", "--overwrite")
    assert segment(tmp_path, clip, "--save", "report", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("sources", "name", "said"),
    [(1, "page.txt", ".html"), (1, "nowhere/page.html", "no such folder"), (2, "page.html", "--save")],
)
def test_names_that_cannot_be(
    clip: Path,
    tmp_path: Path,
    sources: int,
    name: str,
    said: str,
) -> None:
    result: Result = segment(tmp_path, *[clip] * sources, "--report", str(tmp_path / name))
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_page_that_is_there_is_kept(clip: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    result = segment(tmp_path, clip, "--report", str(page))
    assert result.exit_code == 1
    one_line(result, "page.html", "--overwrite")
    assert page.read_text() == "mine"


def test_a_folder_that_is_gone_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"page.html: the folder does not exist"):
        write_report(tmp_path / "gone" / "page.html", {"source": "a"})


def test_a_long_run_makes_no_large_page(tmp_path: Path) -> None:
    size = (288, 512)
    gathered = Collected(VideoInfo("clip", size), CLASSES)
    labels = np.random.default_rng(0).integers(0, 3, (36, 64), np.uint8).repeat(8, 0).repeat(8, 1)
    one = segmentation(0, 0, size, noise=True)
    scores, load = one.scores, one.frame.load
    for index in range(1200):
        frame = Frame(index, Fraction(index, 25), size, one.frame.motion, "P", motion_source="codec", load=load)
        distance = min(index % 8, -index % 8)
        gathered.add(Segmentation(Estimate(frame, distance, scores), CLASSES), labels)
    assert 24 < len(gathered.moments) < 49
    gaps = np.diff([moment.index for moment in gathered.moments])
    assert gaps.min() * 1.2 > gaps.max(), "not spread evenly"
    assert {moment.distance for moment in gathered.moments} == {0, 1, 2, 3, 4}, "keeps step with the interval"
    write_report(tmp_path / "page.html", {"source": "noise"}, gathered)
    assert 1_000_000 < (tmp_path / "page.html").stat().st_size < 6_000_000
    checked(tmp_path / "page.html")


@pytest.mark.parametrize("count", [1, 2, 50])
def test_any_number_of_frames(tmp_path: Path, count: int) -> None:
    write_report(tmp_path / "page.html", {"source": "clip", "frames": count, "scene_cuts": []}, collected(count))
    page = checked(tmp_path / "page.html")
    assert f"of {count} frames" in page.text
    assert "<b>person</b>" in page.text, "a class name is text"
    assert not page.all("b")


def test_an_incomplete_run_says_so(tmp_path: Path) -> None:
    run_facts = {"source": "clip", "complete": False, "error": "the <disk> is full", "frames": 3}
    write_report(tmp_path / "page.html", run_facts, collected(3))
    assert "not complete: the <disk> is full" in checked(tmp_path / "page.html").text


def test_confidence_is_shown_where_a_run_has_it(tmp_path: Path) -> None:
    sure, silent = segmentation(0, 1), segmentation(0, 1)
    sure.confidence = torch.full((6, 8), 0.25)
    for result, expected in ((sure, True), (silent, False), (segmentation(0, 0), False)):
        gathered = Collected(VideoInfo("clip", (48, 64)), CLASSES)
        gathered.add(result, result.labels())
        write_report(tmp_path / "page.html", {}, gathered)
        page = checked(tmp_path / "page.html")
        assert any(str(image["alt"]).startswith("confidence") for image in page.all("img")) is expected
        assert ("Mean confidence" in page.source) is expected


def test_shares_of_classes_are_those_of_the_labels(tmp_path: Path) -> None:
    gathered = Collected(VideoInfo("clip", (48, 64)), CLASSES)
    labels = [segmentation(index, 0).labels() for index in range(5)]
    for index, each in enumerate(labels):
        gathered.add(segmentation(index, 0), each)
    expected = [(np.stack(labels) == k).mean() for k in range(3)]
    assert gathered.shares.mean == pytest.approx(expected)
    write_report(tmp_path / "page.html", {}, gathered)
    text = checked(tmp_path / "page.html").text
    for share in expected:
        assert f"{100 * share:.1f} %" in text
