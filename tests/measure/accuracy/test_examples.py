"""Frames on an evaluation's page: the best setting beside what it is held to, and where they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.evaluation import COUNT, run
from tests.support.page_checks import checked
from tests.support.tiny_models import MODELS
from warpseg import load
from warpseg.datasets.open import open_dataset
from warpseg.engine.method import EVERY, Method
from warpseg.measure.accuracy.examples import best_method, sampled_frames
from warpseg.measure.speed.settings import measure, some_of


def test_the_best_of_algorithm_2_at_the_median_interval_is_shown() -> None:
    chosen = [EVERY, Method("propagate", 5)]
    chosen += [Method("interpolate", n, motion=motion) for n in (2, 5, 10) for motion in ("auto", "flow")]
    chosen.append(Method("interpolate", "auto"))
    averages = {setting: 50.0 + (setting.motion == "flow") for setting in chosen}
    assert best_method(averages) == Method("interpolate", 5, motion="flow")
    assert best_method(dict.fromkeys(chosen[:2], 1.0)) == Method("propagate", 5)
    assert best_method(dict.fromkeys((EVERY, chosen[-1]), 1.0)) == chosen[-1]
    assert best_method({EVERY: None}) == EVERY


@pytest.mark.parametrize("labelled", [True, False])
def test_frames_are_held_to_their_labels_or_to_the_network(data: Path, labelled: bool) -> None:
    labels = data / "numbered" if labelled else None
    dataset = open_dataset("video", data / "street.mp4", labels)
    network = load(f"py:{MODELS}:tiny", device="cpu")
    found = sampled_frames(dataset.clips[0], dataset, network, Method("interpolate", 4))
    assert [moment.index for moment in found.moments] == list(range(COUNT))
    for moment in found.moments:
        assert moment.reference is not None
        said, reference = moment.reference
        true = labelled and moment.index in (6, 8)
        assert said == ("ground truth" if true else "the network itself")
        assert reference.shape == moment.labels.shape
        assert moment.right is not None
        if true:
            known = dataset.clips[0].labels[moment.index]
            np.testing.assert_array_equal(reference, known)
            assert moment.right == pytest.approx(float((known == moment.labels).mean()))
        elif moment.distance == 0:
            assert moment.right == 1


def test_they_are_on_the_page(data: Path, tmp_path: Path) -> None:
    page_path = tmp_path / "page.html"
    more = ("--labels", str(data / "labels"), "--ignore", "200", "--interval", "2,4", "--rounds", "0")
    done = run(data, tmp_path, *more, "--report", str(page_path))
    assert done.exit_code == 0, done.output
    page = checked(page_path)
    assert len(page.all("div", "moment")) == COUNT
    assert "interpolate n=4, frames from its first frame on" in page.text
    first = [str(image["alt"]).split(", frame")[0] for image in page.all("img")][:6]
    assert first == ["input", "ground truth", "result", "where they differ", "motion (none)", "confidence"]
    assert "% as ground truth" in page.text
    assert "IoU of each class by distance" in page.text


def test_speed_is_of_all_clips_or_of_some_that_are_spread(data: Path) -> None:
    clips = list(range(20))
    assert some_of(clips[:8]) == clips[:8]  # type: ignore[arg-type, comparison-overlap]
    assert some_of(clips) == [0, 3, 5, 8, 11, 14, 16, 19]  # type: ignore[arg-type, comparison-overlap]
    network, seen = load(f"py:{MODELS}:tiny", device="cpu"), list[Any]()
    dataset = open_dataset("video", data / "street.mp4")
    two = [*dataset.clips, *open_dataset("folder", data / "frames").clips]
    setting = Method("propagate", 3)
    found = measure(two, network, [setting], frames=7, rounds=2, done=lambda lap, one: seen.append((lap, one)))
    assert seen == [(lap, one) for lap in range(3) for one in (EVERY, setting)]
    assert found[EVERY]["speed_up"] == 1
    assert len(found[setting]["speed_ups"]) == 2
    assert {"decode", "network", "labels", "motion"} <= set(found[setting]["ms_by_stage"])
