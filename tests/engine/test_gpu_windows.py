"""A window on the GPU's kernels against Algorithm 2 on the CPU: `schemes.interpolate`, `confidence`, `labels`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.fakes import propagated
from tests.support.gpu_labels import U, assert_labelled, carried, seeded
from tests.support.pans import Picture, grey, pan, rgb, texture
from tests.support.tiny_models import Tiny
from tests.support.triton_kernels import DEVICE, cells, need_gpu, window_labels
from warpseg import Classes, Frame, MotionField, Segmentation, Segmenter, open_video
from warpseg.core import schemes
from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS, average, confidence
from warpseg.core.geometry import follow
from warpseg.core.keyframes import windows
from warpseg.core.schemes import Estimate
from warpseg.engine.pipeline import Threads
from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import PATCH
from warpseg.types import HALF_CONFIDENCE, confidence_of

if TYPE_CHECKING:
    from warpseg.engine.gpu_windows import Labelled

SIZE, CELLS, CLASSES = (32, 48), (4, 6), 3
AVERAGED = 6  # U M: two roundings of up to M and one of up to M / 2, in two ways
# The weight of two hypotheses is off by up to 10 U: its logit, of which at most 0.28 counts, has three roundings, the
# exponential and the division are within two ulp. Maps are up to 2 M apart.
JUDGED = AVERAGED + 2 * 10
# Differences are up to 255 apart, and a belief changes by up to 0.65 / HALF_CONFIDENCE a grey level.
BELIEVED = (10 + AVERAGED) * 255 * 0.65 / HALF_CONFIDENCE + 8


class Random:
    """Scores that depend on the frame's number."""

    def features(self, frame: Frame) -> Tensor:
        cells = tuple(side // 8 for side in frame.size)
        return seeded(CLASSES, *cells, seed=frame.index)

    def task(self, f: Tensor) -> Tensor:
        return f


class OnDevice(Random):
    def features(self, frame: Frame) -> Tensor:
        return super().features(frame).to(DEVICE)


def labelled(frames: list[Frame], n: int, *, photometric: bool) -> list[Labelled]:
    return list(window_labels.interpolate(frames, OnDevice(), n, photometric=photometric))


def assert_alike(found: list[Labelled], expected: list[Estimate], *, photometric: bool) -> None:
    assert [each.frame.index for each in found] == [each.frame.index for each in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.distance == theirs.distance
        largest = float(theirs.scores.abs().max())
        off = JUDGED if photometric else AVERAGED
        assert float((ours.scores.cpu() - theirs.scores).abs().max()) <= off * U * largest
        ids = Segmentation(ours.estimate(), Classes.numbered(CLASSES), ready=ours.labels).labels()
        assert ids.dtype == np.uint8
        assert ids.shape == ours.frame.size
        assert assert_labelled(torch.from_numpy(ids), theirs.scores, off) < 0.001
        confidence = ours.estimate().confidence
        if theirs.confidence is None:
            assert confidence is None
        else:
            assert confidence is not None
            assert float((confidence - theirs.confidence).abs().max()) <= BELIEVED * U


def filmed(pictures: list[Picture]) -> list[Frame]:
    with open_video(iter(pictures)) as video:
        return list(video)


@pytest.mark.parametrize("photometric", [False, True])
def test_windows_are_algorithm_2(photometric: bool) -> None:
    """Six frames at interval 4: a whole window, and a last one without a next keyframe."""
    frames = filmed([*pan((3, 1), 3, size=SIZE), *pan((-2, 2), 3, size=SIZE, seed=1)])
    frames = [replace(frame, cut=False) for frame in frames]  # unlike pictures, one of which is right
    fuse = confidence if photometric else average
    expected = list(schemes.interpolate(frames, Random(), 4, fuse=fuse))
    found = labelled(frames, 4, photometric=photometric)
    assert_alike(found, expected, photometric=photometric)
    if photometric:
        believed = torch.stack([each.confidence for each in expected if each.confidence is not None])
        assert float(believed.min()) < 0.5 < float(believed.max())


def test_nothing_crosses_a_cut() -> None:
    frames = filmed([*pan((3, 1), 3, size=SIZE), *pan((2, 0), 3, size=SIZE, seed=5)])
    frames = [replace(frame, cut=frame.index == 3) for frame in frames]
    expected = list(schemes.interpolate(frames, Random(), 5, fuse=confidence))
    assert_alike(labelled(frames, 5, photometric=True), expected, photometric=True)


def test_the_picture_s_size_may_change_at_a_cut() -> None:
    frames = filmed([*pan((1, 1), 2, size=SIZE), *pan((1, 1), 3, size=(40, 32))])
    frames = [replace(frame, cut=frame.index == 2) for frame in frames]
    expected = list(schemes.interpolate(frames, Random(), 4, fuse=confidence))
    assert [each.scores.shape[1:] for each in expected][1:3] == [(4, 6), (5, 4)]
    assert_alike(labelled(frames, 4, photometric=True), expected, photometric=True)
    mixed = [replace(frame, cut=False) for frame in frames]
    with pytest.raises(ValueError, match=r"keyframes of \(32, 48\) and \(40, 32\) pixels"):
        labelled(mixed, 4, photometric=True)


def test_without_pictures_distance_decides() -> None:
    frames = [replace(frame, plane=None) for frame in filmed(pan((2, 1), 5, size=SIZE))]
    expected = list(schemes.interpolate(frames, Random(), 4, fuse=confidence))
    assert_alike(labelled(frames, 4, photometric=True), expected, photometric=False)


def test_one_frame_alone_is_algorithm_1() -> None:
    frames = filmed(pan((2, 1), 2, size=SIZE))
    expected = list(schemes.propagate(frames, Random(), 2))[1:]
    step = window_labels.Step(frames[1], 1, 1.0, follow([frames[1].motion], CELLS), None)
    found = window_labels.label_steps([step], frames[0], Random().features(frames[0]).to(DEVICE), photometric=True)
    assert_alike(found, expected, photometric=True)


@pytest.mark.parametrize("size", [(64, 96), (61, 83), (610, 640)])  # the last one at half its size
@pytest.mark.parametrize("amplitude", [0.0, 0.1, 3.0])
def test_confidence_of_one_side_is_bit_for_bit_the_difference_s(size: tuple[int, int], amplitude: float) -> None:
    """Paths that leave the frame included."""
    pictures = [Plane.of(grey(rgb(texture(size, seed)))) for seed in range(4)]
    planes = torch.from_numpy(np.stack([plane.pixels for plane in pictures])).to(DEVICE)
    fusion = cells.ConfidenceFusion(
        planes, size, pictures[0].factor, MARGIN, PATCH, SHARPNESS, DISTANCE, OUTSIDE, HALF_CONFIDENCE
    )
    scores, paths = seeded(1, 7, 11), amplitude * seeded(2, 2, 2, 7, 11)
    _, confidence = carried(scores, scores, paths, torch.tensor([1.0, 0.0]), fusion)
    assert confidence is not None
    for number, (side, key) in enumerate(((0, 0), (1, 3))):
        apart = pictures[number + 1].difference(pictures[key], paths[number, side].numpy())
        assert np.array_equal(confidence[number].numpy(), confidence_of(apart))


def test_a_path_that_ends_outside_counts_for_less() -> None:
    """Where the pictures are all alike, so that nothing else decides."""
    plane = Plane.of(grey(rgb(np.full(SIZE, 128, np.float32))))
    key, frame, next_key = (replace(each, plane=plane) for each in filmed(pan((0, 0), 3, size=SIZE)))
    paths = torch.zeros(2, 2, *CELLS)
    paths[0, 0], paths[1, 1] = 0.3, -0.4
    sides = [
        propagated(torch.full((1, *CELLS), value), MotionField(path, torch.ones(CELLS)), other)
        for value, path, other in zip((1.0, 0.0), paths, (key, next_key), strict=True)
    ]
    expected = confidence(frame, sides[0], sides[1], 0.25).f[0]
    assert len(expected.unique()) == 3  # outside one way, the other, or both or neither
    planes = torch.from_numpy(np.stack([plane.pixels] * 3)).to(DEVICE)
    fusion = cells.ConfidenceFusion(planes, SIZE, 1, MARGIN, PATCH, SHARPNESS, DISTANCE, OUTSIDE, HALF_CONFIDENCE)
    found, _ = carried(torch.ones(1, *CELLS), torch.zeros(1, *CELLS), paths[None], torch.tensor([0.25]), fusion)
    assert float((found[0, 0] - expected).abs().max()) <= JUDGED * U


def test_nothing_waits_for_the_gpu() -> None:
    need_gpu()
    frames = filmed(pan((3, 1), 5, size=SIZE))
    labelled(frames, 4, photometric=True)  # kernels are compiled and memory is pinned
    scores = [seeded(CLASSES, *CELLS, seed=seed).to(DEVICE) for seed in (0, 1)]
    window = next(windows(frames, 4))
    todo = window_labels.steps(window, scores[0], scores[1])
    torch.cuda.set_sync_debug_mode("error")
    try:
        window_labels.label_steps(todo, window.key, scores[0], window.next_key, scores[1], photometric=True)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("fusion", ["confidence", "average"])
def test_a_segmenter_gives_the_same_by_windows(fusion: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path that a segmenter takes on a GPU, through all of its stages."""
    frames = pan((2, 1), 8, size=SIZE)
    segmenter = Segmenter(Tiny(CLASSES), interval=3, fusion=fusion, device=str(DEVICE))
    with monkeypatch.context() as patch:
        patch.setattr(Segmenter, "takes_windows", lambda self, **options: False)
        expected = list(segmenter.stream(frames))
    monkeypatch.setattr(Segmenter, "takes_windows", lambda self, **options: True)
    found = []
    with Threads() as threads, segmenter.open(frames, pipeline=threads) as video:
        found = list(segmenter.segment(video, pipeline=threads))
    assert [(one.frame.index, one.distance) for one in found] == [(one.frame.index, one.distance) for one in expected]
    for ours, theirs in zip(found, expected, strict=True):
        off = float((ours.scores - theirs.scores).abs().max() / theirs.scores.abs().max() / U)
        assert off <= JUDGED
        assert_labelled(torch.from_numpy(ours.labels()), theirs.scores.cpu(), off)
        assert (ours.confidence is None) == (theirs.confidence is None)
