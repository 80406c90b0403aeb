"""Cityscapes in the official layout, of synthetic streets; checked by the official script where it is installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.json_types import faults
from tests.support.page_checks import checked
from tests.support.tiny_models import MODELS
from warpseg.classes import CITYSCAPES
from warpseg.cli import app
from warpseg.datasets.cityscapes import CATEGORIES, LABEL_IDS, to_label_ids
from warpseg.datasets.clip import Dataset
from warpseg.datasets.open import open_dataset
from warpseg.errors import DatasetError
from warpseg.measure.accuracy.evaluation_json import Evaluation
from warpseg.measure.accuracy.metrics import confusion, iou
from warpseg.measure.accuracy.summary import grouped
from warpseg.synthetic import Street

SIZE = (64, 128)
# labelIds of the street's classes: sky, building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist
IDS = np.array([23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 33], np.uint8)
SNIPPETS = {("aachen", 0): 19, ("bochum", 7): 294}  # the label's frame number; later sequences do not begin at 0


def write(root: Path, city: str, sequence: int, label: int, frames: list[NDArray[np.uint8]], ids: Any) -> None:
    where = root / "leftImg8bit_sequence" / "val" / city
    where.mkdir(parents=True, exist_ok=True)
    for i, pixels in enumerate(frames, label - 19):
        Image.fromarray(pixels).save(where / f"{city}_{sequence:06}_{i:06}_leftImg8bit.png")
    truth = root / "gtFine" / "val" / city
    truth.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids).save(truth / f"{city}_{sequence:06}_{label:06}_gtFine_labelIds.png")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cityscapes")
    for seed, ((city, sequence), label) in enumerate(SNIPPETS.items()):
        stills = [Street(seed=seed, size=SIZE, rate=17).still(i) for i in range(30)]
        ids = IDS[stills[19][1]]
        ids[-6:] = 1  # ego vehicle: void
        ids[:4, :8] = 14  # guard rail: has a category, is not scored
        write(root, city, sequence, label, [pixels for pixels, _ in stills], ids)
    return root


def run(tree: Path, out: Path, *more: str, model: str = "nineteen") -> Result:
    words = ["evaluate", "--dataset", "cityscapes", "--root", str(tree), "--out", str(out), "--device", "cpu"]
    words += ["--model", f"py:{MODELS}:{model}", "--cache", str(tree.parent / "cache"), *more]
    return CliRunner().invoke(app, words)


def opened(tree: Path, **options: Any) -> Dataset:
    return open_dataset("cityscapes", tree, cache=tree.parent / "cache", **options)


def test_snippets_are_found_by_their_labels(tree: Path) -> None:
    data = opened(tree)
    assert [clip.name for clip in data.clips] == ["aachen_000000_000019", "bochum_000007_000294"]
    frames = list(data.clips[1].frames())
    assert [frame.index for frame in frames] == list(range(30))
    assert {frame.motion_source for frame in frames[1:]} == {"codec"}
    assert [*data.clips[1].labels] == [19]
    label = data.clips[0].labels.checked(19, SIZE)[19]
    assert (label[-6:] == 255).all()
    assert (label[:4, :8] == 255).all()
    assert set(np.unique(label)) <= {*range(19), 255}
    assert data.encoding == "libx264 bf=0 refs=1 crf=18 x264-params=scenecut=0:weightp=0"


def test_the_label_is_of_the_20th_frame_and_clean_frames_are_those_of_the_folder(tmp_path: Path) -> None:
    """Only the labelled frame is bright, and the network calls it road, as the label does: one off is all wrong."""
    dark, light = np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 255, np.uint8)
    frames = [light if i == 19 else dark for i in range(30)]
    write(tmp_path / "data", "ulm", 3, 44, frames, np.full(SIZE, 7, np.uint8))
    for seen in ("clean", "decoded"):
        # No motion, so no scene cuts: a copy must be wrong.
        more = ("--rounds", "0", "--frames", seen, "--motion", "none")
        assert run(tmp_path / "data", tmp_path / seen, *more, model="bright").exit_code == 0
        found = json.loads((tmp_path / seen / "evaluation.json").read_text())
        assert found["rows"][0]["every_frame"] == 100
        assert found["rows"][1]["name"] == "copy n=5, motion none"
        assert found["rows"][1]["by_distance"] == [0, 0, 0, 0]
        assert found["dataset"]["network_sees"] == f"{seen} frames"
    clean = opened(tmp_path / "data", frames="clean").clips[0]
    assert [int(frame.pixels.max()) for frame in clean.frames()] == [255 if i == 19 else 0 for i in range(30)]


def test_label_ids_and_train_ids_are_inverse() -> None:
    labels = np.arange(19, dtype=np.uint8)
    assert to_label_ids(labels).tolist() == list(LABEL_IDS)
    assert to_label_ids(np.array([255], np.uint8)).tolist() == [0]


def test_category_iou_is_that_of_an_independent_count() -> None:
    random = np.random.default_rng(4)
    truth = random.choice(np.array([0, 1, 2, 5, 8, 11, 13, 255], np.uint8), (30, 40))  # no sky
    predicted = random.choice(np.array([0, 2, 3, 5, 9, 11, 14, 18], np.uint8), (30, 40))
    category = {label: name for name, labels in CATEGORIES.items() for label in labels}
    pairs = [(category[t], category[p]) for t, p in zip(truth.ravel(), predicted.ravel(), strict=True) if t != 255]
    found = iou(grouped(confusion(truth, predicted, 19), [*CATEGORIES.values()]))
    for name, share in zip(CATEGORIES, found, strict=True):
        either = sum(name in pair for pair in pairs)
        if either:
            assert share == pytest.approx(sum(pair == (name, name) for pair in pairs) / either)
        else:
            assert np.isnan(share)
    assert np.isnan(found[[*CATEGORIES].index("sky")])


def test_the_official_script_agrees(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)  # gone from NumPy, wanted by 2.3.0
    monkeypatch.setattr(sys, "argv", ["script"])
    official = pytest.importorskip(
        "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling", reason="cityscapesscripts is not installed"
    )
    more = ("--rounds", "0", "--interval", "3", "--scheme", "interpolate", "--export-label-ids")
    assert run(tree, tmp_path, *more).exit_code == 0
    row = json.loads((tmp_path / "evaluation.json").read_text())["rows"][1]
    truth = sorted(map(str, (tree / "gtFine").rglob("*_gtFine_labelIds.png")))
    official.args.evalInstLevelScore = official.args.JSONOutput = official.args.quiet = False
    official.args.evalPixelAccuracy = True
    for p in range(3):
        where = tmp_path / "labelIds" / "interpolate_n3" / f"distance_{p}"
        monkeypatch.setattr(official.args, "predictionPath", str(where))
        monkeypatch.setattr(official.args, "predictionWalk", None)
        found = official.evaluateImgLists([official.getPrediction(official.args, path) for path in truth], truth,
                                          official.args)  # fmt: skip
        assert 100 * found["averageScoreClasses"] == pytest.approx([row["every_frame"], *row["by_distance"]][p])
        categories = [row["category_iou"]["every_frame"], *row["category_iou"]["by_distance"]]
        assert 100 * found["averageScoreCategories"] == pytest.approx(categories[p])
        classes = [row["per_class"]["every_frame"], *row["per_class"]["by_distance"]][p]
        for name, value in zip(CITYSCAPES.names, classes, strict=True):
            theirs = found["classScores"][name]
            assert value is None if np.isnan(theirs) else value == pytest.approx(100 * theirs)


def test_a_rerun_goes_on_where_the_last_one_stopped(tree: Path, tmp_path: Path) -> None:
    first = run(tree, tmp_path, "--rounds", "0", "--interval", "2")
    assert first.exit_code == 0, first.output
    saved = sorted((tmp_path / "clips").rglob("*.npz"))
    assert len(saved) == 2 * 4  # clips x (every, copy, propagate, interpolate)
    before = json.loads((tmp_path / "evaluation.json").read_text())
    saved[0].unlink()
    saved[-1].write_bytes(b"cut off")
    again = run(tree, tmp_path, "--rounds", "0", "--interval", "2")
    assert again.stderr.count(" of 1, ") == 2
    after = json.loads((tmp_path / "evaluation.json").read_text())
    assert after["rows"] == before["rows"]
    assert run(tree, tmp_path, "--rounds", "0", "--interval", "2").stderr.count("done before") == 2
    other = run(tree, tmp_path, "--rounds", "0", "--interval", "2", "--frames", "clean")
    assert "done before" not in other.stderr


def test_what_is_missing_is_named(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gtFine/test: no such folder|leftImg8bit_sequence/test: no such folder"):
        opened(tree, split="test")
    write(tmp_path, "ulm", 0, 19, [np.zeros((*SIZE, 3), np.uint8)] * 30, np.full(SIZE, 3, np.uint8))
    gone = tmp_path / "leftImg8bit_sequence/val/ulm/ulm_000000_000012_leftImg8bit.png"
    void = run(tmp_path, tmp_path / "out", "--rounds", "0")
    assert void.exit_code == 1
    assert "ulm_000000_000019_gtFine_labelIds.png: labels are void throughout" in void.stderr
    gone.unlink()
    with pytest.raises(DatasetError, match=r"ulm_000000_000012_leftImg8bit.png: 1 of the 30 frames"):
        opened(tmp_path)
    (tmp_path / "gtFine/val/ulm/ulm_000000_000019_gtFine_labelIds.png").unlink()
    with pytest.raises(DatasetError, match="split with labels"):
        opened(tmp_path)


def test_categories_are_told(tree: Path, tmp_path: Path) -> None:
    done = run(tree, tmp_path, "--rounds", "1", "--interval", "3", "--report", str(tmp_path / "page.html"))
    assert done.exit_code == 0, done.output
    facts = json.loads((tmp_path / "evaluation.json").read_text())
    assert not faults(facts, Evaluation)
    assert facts["speed_clips"] == ["aachen_000000_000019", "bochum_000007_000294"]
    said = " ".join(done.stdout.split())
    assert "1 rounds over 2 clips" in said
    categories = said.split("IoU of categories, average")[1]
    assert categories.split()[1:9] == [*CATEGORIES, "mean"]
    for row in facts["rows"]:
        assert f"{row['category_iou']['average']:.1f}" in categories
    page = checked(tmp_path / "page.html")
    assert "IoU of each category by distance" in page.text
    assert "construction" in page.text


def test_a_network_of_other_classes_is_refused(tree: Path, tmp_path: Path) -> None:
    found = run(tree, tmp_path, "--rounds", "0", model="tiny")
    assert found.exit_code == 1
    assert "has 5 classes" in found.stderr
    assert "cityscapes 19 (road, sidewalk, building" in found.stderr
