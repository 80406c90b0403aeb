"""Keyframes as they are needed, scored: what a fixed interval would get, were it called a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.support.evaluation import COUNT, run
from tests.support.fake_clips import MARGIN, Alive, labels_of, network
from tests.support.json_types import faults
from warpseg import Segmenter
from warpseg.core.keyframes import Every
from warpseg.datasets.clip import Dataset
from warpseg.engine.method import EVERY, Method
from warpseg.measure.accuracy.cache import Result, ResultCache
from warpseg.measure.accuracy.chunks import chunks
from warpseg.measure.accuracy.evaluation_json import EvaluationRow
from warpseg.measure.accuracy.metrics import mean_iou
from warpseg.measure.accuracy.reference import ClipReference
from warpseg.measure.accuracy.results import Scores
from warpseg.measure.accuracy.results_adaptive import AdaptiveScores, added
from warpseg.measure.accuracy.score import score_clip
from warpseg.measure.accuracy.score_adaptive import score_adaptive
from warpseg.measure.accuracy.summary import row
from warpseg.measure.methods import methods
from warpseg.networks import Network

AUTO = Method("interpolate", "auto", max_interval=MARGIN + 1)


@pytest.mark.parametrize("scheme", ["propagate", "interpolate"])
def test_every_nth_frame_as_a_policy_is_the_fixed_interval(tmp_path: Path, scheme: str) -> None:
    n, used = 4, network()
    clip = Alive().clip(40, labels_of(tmp_path / "labels", range(0, 40, 3)))
    fixed = Method(scheme, n)
    segmenters = {fixed: Segmenter(used, method=fixed)}
    expected = score_clip(clip, Dataset("fake", [clip]), used, segmenters, ResultCache(tmp_path, {}), margin=MARGIN)[
        fixed
    ]
    reference = ClipReference(clip, Dataset("fake", [clip]), used)
    segmenter = Segmenter(used, scheme=scheme, interval=Every(n))
    found = score_adaptive(clip, reference, AUTO, segmenter, chunks(reference.targets(MARGIN), MARGIN))
    assert isinstance(found.scores, AdaptiveScores)
    assert isinstance(expected.scores, Scores)
    assert found.scores.frames == expected.scores.frames
    np.testing.assert_array_equal(found.scores.matrices, expected.scores.matrices)
    np.testing.assert_array_equal(found.scores.every, expected.scores.matrices[0])
    np.testing.assert_array_equal(found.scores.baseline, np.repeat(expected.scores.matrices[:1], n, 0))
    assert (found.scores.mean_interval, found.scores.runs) == (n, n)
    assert found.scores.met.tolist() == [len(found.scores.frames)] * n
    uneven, even = (cast(Any, row([result], {"both": (0, 1)})) for result in (found, expected))
    for name in ("every_frame", "by_distance", "worst", "worst_retention", "pooled", "targets"):
        assert uneven[name] == pytest.approx(even[name]), name
    for name in ("every_frame", "by_distance", "pooled"):
        np.testing.assert_allclose(uneven["per_class"][name], even["per_class"][name], err_msg=name)
    assert uneven["category_iou"]["by_distance"] == pytest.approx(even["category_iou"]["by_distance"])
    between = expected.scores.matrices[1:].sum((0, 1))
    assert uneven["average"] == pytest.approx(100 * float(mean_iou(between)))
    assert uneven["average_interval"][0] < uneven["average"] < uneven["average_interval"][1]
    assert uneven["average_with_keyframes"] is None


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    most = []
    for count in (70, 120):
        alive, used = Alive(), network()
        clip = alive.clip(count, labels_of(tmp_path / f"labels{count}", range(0, count, 9)))
        segmenters = {AUTO: Segmenter(used, method=AUTO)}
        store = ResultCache(tmp_path / str(count), {})
        found = score_clip(clip, Dataset("fake", [clip]), used, segmenters, store, margin=MARGIN)[AUTO]
        most.append(alive.most)
        kept = store.load(clip, AUTO)
        assert kept is not None
        assert isinstance(found.scores, AdaptiveScores)
        assert isinstance(kept.scores, AdaptiveScores)
        assert kept.scores.mean_interval == found.scores.mean_interval
        np.testing.assert_array_equal(kept.scores.matrices, found.scores.matrices)
    assert max(most) <= 57 + 3 * (MARGIN + 1), "itertools.tee drops what all runs have seen in blocks of 57"


def test_distances_with_few_targets_are_not_told_and_what_is_kept_is_of_the_same_frames() -> None:
    """Three classes of which the last frames are hard: only they are met at distance 2, and only a few at 3."""
    targets, classes = 40, 3
    every = np.zeros((targets, classes, classes), np.int64)
    every[:, range(classes), range(classes)] = 90
    every[20:, 0, 1] = 60  # hard frame by frame already
    met = np.zeros((4, targets), np.int64)
    met[0], met[1], met[2, 20:], met[3, 38:] = 2, 1, 1, 1
    matrices = met[:, :, None, None] * every
    matrices[1, :20, 1, 2] += 30
    scores = AdaptiveScores(
        tuple(range(targets)), matrices, met[:, :, None, None] * every, every, (met > 0).sum(1), 4, 9, 63
    )
    assert scores.enough.tolist() == [True, True, True, False]
    found: Any = scores.summary()
    assert len(found["by_distance"]) == 2
    assert found["by_distance"][1] < found["by_distance"][0], "of harder frames"
    assert found["worst"] == found["by_distance"][1]
    hard = float(mean_iou(every[20:].sum(0)))
    assert found["by_distance"][1] == pytest.approx(100 * hard)
    first = float(mean_iou(matrices[1].sum(0))) / float(mean_iou(every.sum(0)))
    assert found["worst_retention"] == pytest.approx(100 * first), "nothing was lost at distance 2"
    assert (found["mean_interval"], found["keyframe_share"]) == (7, pytest.approx(100 / 7))
    few = AdaptiveScores((0, 1), matrices[:, :2], matrices[:, :2], every[:2], (met[:, :2] > 0).sum(1), 4, 9, 63)
    assert few.summary(block=1)["worst"] is None
    both = added([scores, few])
    assert both.matrices.shape == (4, 2, classes, classes)
    assert both.met.tolist() == [42, 42, 20, 2]
    assert both.summary(block=1)["pooled"] == pytest.approx(
        100 * float(mean_iou(matrices.sum((0, 1)) + matrices[:, :2].sum((0, 1))))
    )


def test_auto_stands_beside_fixed_intervals_on_the_same_frames(data: Path, tmp_path: Path) -> None:
    more = ("--labels", str(data / "labels"), "--ignore", "200", "--interval", "2,auto", "--max-interval", "4")
    done = run(data, tmp_path, *more, "--rounds", "1", "--report", str(tmp_path / "page.html"))
    assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "evaluation.json").read_text())["rows"]
    assert not [fault for one in rows for fault in faults(one, EvaluationRow)]
    names = ["every", "copy n=2", "propagate n=2", "propagate auto, at most 4", "interpolate n=2"]
    assert [one["name"] for one in rows] == [*names, "interpolate auto, at most 4"]
    for one in rows:
        assert one["targets"] == COUNT - 2 * 3
        assert one["every_frame"] == rows[0]["every_frame"]
    auto = rows[-1]
    assert auto["interval"] == "auto"
    assert auto["max_interval"] == 4
    assert 1 <= auto["mean_interval"] <= 4
    assert auto["keyframe_share"] == pytest.approx(100 / auto["mean_interval"])
    assert auto["speed"]["fps"] > 0
    assert 0 < auto["temporal_consistency"] <= 100
    said = " ".join(done.stdout.split())
    assert f"interpolate auto, at most 4: a keyframe every {auto['mean_interval']:.1f} frames on average" in said
    again = run(data, tmp_path, *more, "--rounds", "0")
    assert "done before" in again.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--interval", "auto", "--scheme", "copy"), "interval 'auto' follows motion"),
        (("--interval", "auto", "--motion", "none"), "interval 'auto' follows motion"),
        (("--interval", "5", "--max-interval", "9"), "needs --interval auto"),
        (("--interval", "2,automatic"), "numbers of at least 1"),
        (("--fusion", "convolution"), "fusion 'convolution' and fusion_weights go together"),
    ],
)
def test_usage(data: Path, tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    done = run(data, tmp_path, *more)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_auto_is_not_for_copies_nor_without_motion() -> None:
    chosen = methods(["copy", "propagate"], [3, "auto"], ["auto", "none"], max_interval=9)
    assert [str(one) for one in chosen] == [
        "every", "copy n=3", "propagate n=3", "propagate auto, at most 9", "propagate n=3, motion none",
    ]  # fmt: skip
    assert chosen[3].longest == 9


def weights(path: Path, scale: float) -> Path:
    both = torch.cat([torch.eye(3), torch.eye(3)], 1)[:, :, None, None] * scale
    save_file({"weight": both.contiguous(), "bias": torch.zeros(3)}, path)
    return path


def test_convolutional_fusion_is_scored_as_it_is_run(tmp_path: Path) -> None:
    """[I I] is the average that the paper's weights make, whatever it is folded into."""
    head = torch.nn.Conv2d(3, 4, 1)
    with torch.no_grad():
        head.weight.copy_(torch.randn(4, 3, 1, 1, generator=torch.Generator().manual_seed(5)))
    used = Network("fake", lambda rgb: torch.nn.functional.adaptive_avg_pool2d(rgb, (4, 6)), head, True)
    clip = Alive().clip(30, labels_of(tmp_path / "labels", range(0, 30, 4)))
    path = weights(tmp_path / "fusion.safetensors", 1.0)
    average = Method("interpolate", 3, fusion="average")
    convolution = Method("interpolate", 3, fusion="convolution", fusion_weights=path)
    segmenters = {setting: Segmenter(used, method=setting) for setting in (average, convolution)}
    found = score_clip(clip, Dataset("fake", [clip]), used, segmenters, ResultCache(tmp_path, {}), margin=MARGIN)
    a, b = (np.asarray(found[setting].scores.matrices) for setting in (average, convolution))
    assert (a != 0).any()
    assert np.abs(a - b).sum() <= 2 * 1e-3 * a.sum()  # the two sums round differently: a near tie here and there
    doubled = Method("interpolate", 3, fusion="convolution", fusion_weights=weights(tmp_path / "other", -1.0))
    other = score_clip(
        clip,
        Dataset("fake", [clip]),
        used,
        {doubled: Segmenter(used, method=doubled)},
        ResultCache(tmp_path, {}),
        margin=MARGIN,
    )
    np.testing.assert_array_equal(other[doubled].scores.matrices[0], a[0])  # the keyframe itself is not fused
    assert np.abs(a[1:] - other[doubled].scores.matrices[1:]).sum() > 0.2 * a[1:].sum()


def test_results_of_other_weights_are_kept_apart(tmp_path: Path) -> None:
    path = weights(tmp_path / "fusion.safetensors", 1.0)
    clip = Alive().clip(9, labels_of(tmp_path / "labels", [4]))
    setting = Method("interpolate", 3, fusion="convolution", fusion_weights=path)
    store = ResultCache(tmp_path / "out", {})
    scores = Scores((4,), np.ones((3, 1, 2, 2), np.int64))
    store.save(clip, setting, Result(scores, np.zeros((1, 2), np.int64), ("a", "b")))
    assert store.load(clip, setting) is not None
    assert store.load(clip, Method("interpolate", 3)) is None
    weights(path, 2.0)  # under the same name
    assert store.load(clip, setting) is None
    assert setting.identity()["fusion_weights"].startswith("fusion.safetensors, sha256 ")
    assert "fusion_weights" not in Method("propagate", 3, fusion="convolution", fusion_weights=path).facts()


def test_every_is_always_fixed() -> None:
    assert EVERY.longest == 1
