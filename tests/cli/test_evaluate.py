"""``warpseg evaluate`` on folders and videos: what it finds, what it keeps, and what it says of bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.evaluation import COUNT, SIZE, run
from tests.support.json_types import faults
from tests.support.tiny_models import MODELS
from warpseg import Segmenter
from warpseg.datasets.open import open_dataset
from warpseg.engine.method import EVERY, Method
from warpseg.errors import DatasetError
from warpseg.measure.accuracy.evaluation_json import Evaluation
from warpseg.measure.accuracy.metrics import confusion, mean_iou
from warpseg.measure.methods import methods


def found(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert not faults(facts, Evaluation)
    return facts


def test_a_folder_with_labels(data: Path, tmp_path: Path) -> None:
    more = ("--labels", str(data / "labels"), "--ignore", "200", "--interval", "1,2,4", "--rounds", "1")
    done = run(data, tmp_path, *more)
    assert done.exit_code == 0, done.output
    facts = found(tmp_path)
    assert facts["measure"] == "mIoU"
    assert [row["name"] for row in facts["rows"][:3]] == ["every", "copy n=2", "copy n=4"]
    assert len(facts["rows"]) == 7
    for row in facts["rows"]:
        assert row["targets"] == COUNT - 2 * 3  # those of interval 4, at every interval
        assert row["every_frame"] == facts["rows"][0]["every_frame"]
        assert len(row["by_distance"]) == row["interval"] - 1
        assert len(row["per_class"]["pooled"]) == 5
        assert row["average_interval"][0] <= row["average"] <= row["average_interval"][1]
        assert 0 < row["pixel_accuracy"]["average"] <= 100
        assert 0 < row["temporal_consistency"] <= 100
        assert row["speed"]["fps"] > 0
        assert {"decode", "network", "labels"} <= set(row["speed"]["ms_by_stage"])
    assert facts["rows"][0]["speed"]["speed_up"] == 1
    assert "mIoU average" in done.stdout
    assert "average_retention" not in done.stdout


def test_frame_by_frame_is_what_the_segmenter_says(data: Path, tmp_path: Path) -> None:
    more = ("--labels", str(data / "labels"), "--ignore", "200", "--interval", "3", "--rounds", "0", "--json")
    done = run(data, tmp_path, *more, "--scheme", "every,copy")
    printed = json.loads(done.stdout)
    assert printed == found(tmp_path)
    segmenter = Segmenter(f"py:{MODELS}:tiny", scheme="every", device="cpu")
    total = np.zeros((5, 5), np.int64)
    for result in segmenter.stream(data / "frames"):
        with Image.open(data / "labels" / f"f{result.frame.index:03}.png") as image:
            truth = np.asarray(image).copy()
        truth[truth == 200] = 255
        if 2 <= result.frame.index < COUNT - 2:
            total += confusion(truth, result.labels(), 5)
    assert printed["rows"][1]["every_frame"] == pytest.approx(100 * float(mean_iou(total)))


def test_a_video_with_sparse_labels(data: Path, tmp_path: Path) -> None:
    more = ("--labels", str(data / "numbered"), "--interval", "5", "--rounds", "0")
    done = run(data, tmp_path, *more, dataset="video", root="street.mp4")
    assert done.exit_code == 0, done.output
    assert [row["targets"] for row in found(tmp_path)["rows"]] == [2] * 4


@pytest.mark.parametrize(("dataset", "root"), [("folder", "frames"), ("video", "street.mp4")])
def test_without_labels_it_is_agreement_and_never_called_anything_else(
    data: Path, tmp_path: Path, dataset: str, root: str
) -> None:
    done = run(data, tmp_path, "--interval", "3", "--rounds", "0", dataset=dataset, root=root)
    assert done.exit_code == 0, done.output
    facts = found(tmp_path)
    assert facts["measure"] == "agreement"
    assert "agreement average" in done.stdout
    assert "mIoU" not in done.stdout
    assert facts["rows"][0]["every_frame"] == 100
    assert all(row["worst"] < 100 for row in facts["rows"][1:])


def test_all_intervals_have_the_same_targets_so_a_further_one_is_not_mixed_in(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path, "--interval", "2", "--rounds", "0")
    again = run(data, tmp_path, "--interval", "2", "--rounds", "0")
    other = run(data, tmp_path, "--interval", "2,5", "--rounds", "0")
    assert first.exit_code == again.exit_code == other.exit_code == 0
    assert "done before" in again.stderr
    assert "done before" not in other.stderr
    assert {row["targets"] for row in found(tmp_path)["rows"]} == {COUNT - 8}


def save(path: Path, values: NDArray[Any] | int, size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.broadcast_to(np.asarray(values, np.uint8), size).copy()).save(path)


@pytest.mark.parametrize(
    ("name", "value", "size", "said"),
    [
        ("f005.png", 7, SIZE, ("f005.png", "label value 7")),
        ("f005.png", 0, (32, 96), ("f005.png", "96x32", "96x64")),
        ("g005.png", 0, SIZE, ("g005.png", "no frame of this name")),
        ("f001.png", 0, SIZE, ("16 frames", "too few for interval 5")),
    ],
)
def test_labels_that_do_not_fit_are_named(
    data: Path, tmp_path: Path, name: str, value: int, size: tuple[int, int], said: tuple[str, ...]
) -> None:
    save(tmp_path / "labels" / name, value, size)
    done = run(data, tmp_path / "out", "--labels", str(tmp_path / "labels"), "--rounds", "0")
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    for text in said:
        assert text in errors[0]


def test_a_colour_picture_is_no_label(data: Path, tmp_path: Path) -> None:
    done = run(data, tmp_path, "--labels", str(data / "frames"), "--rounds", "0")
    assert done.exit_code == 1
    assert "f004.png: RGB colours" in done.stderr


def test_folders_and_frames_that_are_missing_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere: no such file or folder"):
        open_dataset("folder", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty: no frames in it"):
        open_dataset("folder", tmp_path / "empty")
    for i in (0, 1, 2, 4, 5):
        save(tmp_path / "gap" / f"f_{i}.png", i)
    with pytest.raises(DatasetError, match=r"f_2\.png: the next frame is 2 further on"):
        open_dataset("folder", tmp_path / "gap")
    save(tmp_path / "late" / "label_000099.png", 0)
    done = run(data, tmp_path / "out", "--labels", str(tmp_path / "late"), dataset="video", root="street.mp4")
    assert done.exit_code == 1
    assert "label_000099.png: label of frame 99; the last frame is 15" in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        ("--interval", "0"),
        ("--interval", "five"),
        ("--scheme", "magic"),
        ("--motion", "auto,magic"),
        ("--export-label-ids",),
    ],
)
def test_usage_is_checked_before_anything_is_done(data: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    assert run(data, tmp_path / "out", *more).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_settings_are_listed_once() -> None:
    chosen = methods(["every", "copy", "propagate"], [1, 2, 5], ["auto", "flow"])
    assert chosen[0] == EVERY
    assert [str(setting) for setting in chosen[1:]] == [
        "copy n=2", "copy n=5", "propagate n=2", "propagate n=5",
        "propagate n=2, motion flow", "propagate n=5, motion flow",
    ]  # fmt: skip
    assert (
        str(Method("interpolate", 5, propagation="chained", reverse="negated", fusion="average"))
        == "interpolate n=5, chained, average fusion, negated"
    )
