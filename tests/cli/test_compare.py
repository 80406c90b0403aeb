"""``warpseg compare``: its numbers against plain numpy, and what cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.support.command import TINY, mask_frames, moving, one_line
from tests.support.made_up_runs import CLASSES, random_labels, write_run
from tests.support.page_checks import checked
from warpseg.cli import app
from warpseg.measure.runs.agreement import compare
from warpseg.run.folder import Run
from warpseg.types import Classes
from warpseg.video.encode import encode

MANY = Classes(tuple(f"class {i}" for i in range(300)), tuple((i % 256, i // 256, 7) for i in range(300)))


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_numbers_are_those_of_plain_numpy(tmp_path: Path) -> None:
    a, b = random_labels(75, 1), random_labels(75, 2)
    b[40] = np.where(a[40] == 0, 1, 0).astype(np.uint8)  # the worst: nothing agrees
    found = compare(Run.read(write_run(tmp_path / "a", a)), Run.read(write_run(tmp_path / "b", b)))
    x, y = np.stack(a), np.stack(b)
    known = (x != 255) | (y != 255)
    assert found.frames == 75
    assert found.agreement == pytest.approx(((x == y) & known).sum() / known.sum())
    ious = [((x == k) & (y == k)).sum() / ((x == k) | (y == k)).sum() for k in range(3)]
    assert found.by_class == pytest.approx(ious)
    assert found.mean_iou == pytest.approx(np.mean(ious))
    assert (found.worst.index, found.worst.agreement) == (40, 0.0)
    starts, means = found.through_time.points()
    each = ((x == y) & known).sum((1, 2)) / known.sum((1, 2))
    assert (starts, means[:, 0].tolist()) == (list(range(75)), pytest.approx(each))
    # Of each part of the video the worst frame: parts of four frames here, 75 being more than 64.
    assert [place.index for place in found.places] == [
        start + int(each[start : start + 4].argmin()) for start in range(0, 75, 4)
    ]


def test_equal_runs_agree_wholly(tmp_path: Path) -> None:
    labels = random_labels(3, 1)
    found = compare(Run.read(write_run(tmp_path / "a", labels)), Run.read(write_run(tmp_path / "b", labels)))
    assert (found.agreement, found.mean_iou, found.worst.agreement) == (1, 1, 1)
    assert found.settings() == []
    assert found.notes() == []


def test_more_classes_than_a_byte_counts(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    a, b = ([random.choice(np.array([7, 299, 65535], np.uint16), (16, 16)) for _ in range(2)] for _ in range(2))
    runs = [write_run(tmp_path / name, each, classes=MANY) for name, each in (("a", a), ("b", b))]
    found = compare(*(Run.read(run) for run in runs))
    x, y = np.stack(a), np.stack(b)
    assert found.by_class[299] == pytest.approx(((x == 299) & (y == 299)).sum() / ((x == 299) | (y == 299)).sum())
    assert found.by_class[8] is None


def test_frames_of_one_run_only_are_said(tmp_path: Path) -> None:
    labels = random_labels(6, 1)
    a = write_run(tmp_path / "a", labels, frames=[10, 11, 12, 13, 14, 15])
    b = write_run(tmp_path / "b", labels[1:4] + labels[5:], frames=[11, 12, 13, 15], complete=False)
    found = compare(Run.read(a), Run.read(b))
    assert (found.frames, found.agreement, found.alone) == (4, 1, (2, 0))
    assert [place.index for place in found.places] == [11, 12, 13, 15]
    result = command(a, b, "--out", tmp_path / "page.html")
    assert result.exit_code == 0
    assert "2 frames are in" in result.stderr
    assert "not complete" in result.stderr
    assert "2 frames are in" in checked(tmp_path / "page.html").text


def test_two_real_runs_side_by_side(tmp_path: Path) -> None:
    clip = tmp_path / "<b>odd<b> & 'clip'.mp4"
    encode(moving(12, (66, 98)), clip, rate=25)
    for name, options in (("a", ["--interval", "3"]), ("b", ["--scheme", "copy", "--interval", "6"])):
        words = ["segment", str(clip), "--out", str(tmp_path / name), "--model", TINY, "--device", "cpu", *options]
        assert CliRunner().invoke(app, words).exit_code == 0
    out = tmp_path / "page.html"
    result = command(tmp_path / "a", tmp_path / "b", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    x, y = (np.stack(mask_frames(tmp_path / name / clip.stem / "masks.mkv")) for name in "ab")
    assert told["agreement"] == pytest.approx((x == y).mean())
    assert told["settings"]["interval"] == [3, 6]
    assert told["settings"]["scheme"] == ["interpolate", "copy"]
    page = checked(out)
    assert f"{100 * (x == y).mean():.1f} %" in page.text
    assert len(page.all("div", "moment")) == 12
    assert len(page.all("img")) == 36
    for said in ("interpolate", "copy", "B says instead", "Command of B", "warp and fuse"):
        assert said in page.text
    one_line(command(tmp_path / "a", tmp_path / "b", "--out", out), "page.html", "--overwrite")
    plain = command(tmp_path / "a", tmp_path / "b")
    assert f"{100 * (x == y).mean():.1f} % of pixels" in plain.stdout


def test_what_cannot_be_compared_is_one_line(tmp_path: Path) -> None:
    labels = random_labels(2, 1)
    a = write_run(tmp_path / "a", labels)
    others: list[tuple[Path, str]] = [
        (write_run(tmp_path / "small", random_labels(2, 1, (12, 40))), "40x12"),
        (write_run(tmp_path / "many", [labels[0].astype(np.uint16)], classes=MANY), "300"),
        (write_run(tmp_path / "few", labels, named=False, model={"classes": 2}), "2"),
        (write_run(tmp_path / "named", labels, classes=Classes(("a", "b", "c"), CLASSES.colours)), "class 0 is road"),
        (write_run(tmp_path / "later", labels, frames=[90, 91]), "no frame of the same time"),
        (tmp_path / "nowhere", "no such folder"),
        (tmp_path, "name one of them"),
    ]
    gone = write_run(tmp_path / "gone", labels)
    (gone / "masks.mkv").unlink()
    broken = write_run(tmp_path / "broken", labels)
    (broken / "run.json").write_text("{")
    damaged = write_run(tmp_path / "damaged", labels)
    (damaged / "masks.mkv").write_bytes(b"no video")
    (tmp_path / "empty").mkdir()
    others += [
        (gone, "no masks.mkv"),
        (broken, "run.json"),
        (damaged, "masks.mkv"),
        (tmp_path / "empty", "no run.json"),
    ]
    for other, said in others:
        result = command(a, other)
        assert result.exit_code == 1, other
        one_line(result, said)


def test_names_of_classes_come_from_either_run(tmp_path: Path) -> None:
    labels = random_labels(2, 1)
    a, b = write_run(tmp_path / "a", labels, named=False), write_run(tmp_path / "b", labels)
    assert "<i>car</i>" in command(a, b).stdout
    assert command(a, a, "--out", tmp_path / "page.html").exit_code == 0
    assert "class 2" in checked(tmp_path / "page.html").text
    assert command(a, b, "--out", tmp_path / "page.txt").exit_code == 2
