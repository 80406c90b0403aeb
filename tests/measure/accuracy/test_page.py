"""The page of an evaluation: its numbers, classes and what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.made_up_results import EVALUATION
from tests.support.page_checks import checked
from warpseg.measure.accuracy.page import write_evaluation


def test_an_evaluation_shows_its_numbers(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "page.html", EVALUATION)
    page = checked(tmp_path / "page.html")
    readings = ("67.8 (66.2 to 69.2)", "67.3 (65.0 to 69.0)", "29.5", "2.95", "47.5", "30.1", "91.2")
    for said in (*readings, "a drive", "interval 5"):
        assert said in page.text, said
    assert len(page.all("path", "interval")) == 4  # of the average and of the worst, against interval and speed
    labels = [drawing["aria-label"] for drawing in page.all("svg") if "aria-label" in drawing]
    assert labels == [
        "mIoU, average over the intermediate frames, against the interval",
        "mIoU, worst distance, against the interval",
        "mIoU of interpolate by distance from the last keyframe",
        "mIoU, average over the intermediate frames, against speed", "mIoU, worst distance, against speed",
    ]  # fmt: skip


def test_classes_are_shown_at_every_distance(tmp_path: Path) -> None:
    shares = {
        "average": [80.0, 41.0, None], "every_frame": [88.0, 47.5, None],
        "by_distance": [[80.0 - p, 40.0 + p, None] for p in range(29)],
    }  # fmt: skip
    row = {"scheme": "interpolate", "interval": 30, "per_class": shares, "average": 60.0, "worst": 50.0}
    few = {"scheme": "propagate", "interval": 3, "average": 60.0, "worst": 50.0}
    few |= {"per_class": {**shares, "by_distance": [[88.0, 47.5, None], [None, None, None]]}}
    auto = row | {"interval": "auto", "mean_interval": 7.25}
    page_path = tmp_path / "page.html"
    evaluation: Any = {"classes": ["road", "car", "train"], "rows": [few, row, auto]}
    write_evaluation(page_path, evaluation)
    page = checked(page_path)
    assert len(page.all("div", "heat")) == 3
    for said in ("interpolate, interval 30", "propagate, interval 3", "interpolate, interval auto (7.2)"):
        assert said in page.text, said
    shown = [span["style"] for span in page.all("span") if "--share" in str(span.get("style"))]
    classes = 2  # no train
    assert len(shown) == classes * (1 + 11 + 1 + 1 + 1 + 11)
    assert shown.count("--c:var(--lost);--share:70%") > 10, "road, more than 15 points down"
    assert "52.0" in page.text, "the last distance is among those that are shown"
    assert "train" not in page.text.split("by distance")[-1].split("IoU of each class")[0]


def test_agreement_is_never_called_accuracy(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "page.html", EVALUATION | {"measure": "agreement"})
    text = checked(tmp_path / "page.html").text
    assert "mIoU" not in text
    assert "which is not accuracy" in text


@pytest.mark.parametrize(
    "evaluation", [{}, {"rows": []}, {"rows": [{"scheme": "every", "interval": 1, "speed": None}]}]
)
def test_what_an_evaluation_lacks_is_left_out(tmp_path: Path, evaluation: Any) -> None:
    write_evaluation(tmp_path / "page.html", evaluation)
    checked(tmp_path / "page.html")
