"""Fusion by confidence: the hypothesis that the picture supports wins, and confidence means something."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.fakes import propagated
from tests.support.pans import grey, pan, rgb, texture
from warpseg import Frame, MotionField, Segmenter, load, open_video
from warpseg.core import schemes
from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS, average, confidence, with_confidence
from warpseg.core.propagation import Propagated
from warpseg.motion.luma import MARGIN, Plane
from warpseg.synthetic import Street
from warpseg.types import HALF_CONFIDENCE, confidence_of

SIZE = (96, 128)
CELLS = (12, 16)


def frame(picture: np.ndarray, index: int = 0) -> Frame:
    with open_video(iter([picture])) as video:
        return replace(next(video), index=index)


def carried(value: float, key: Frame, path: MotionField | None) -> Propagated:
    return propagated(torch.full((3, *CELLS), float(value)), path, key)


def weight(fused: torch.Tensor) -> torch.Tensor:
    """Return the forward map's weight, where that map is 1 and the other 0."""
    assert all(torch.equal(fused[0], channel) for channel in fused)
    return fused[0]


STILL = MotionField.zero(CELLS)


def test_the_side_whose_picture_agrees_wins() -> None:
    here, other = rgb(texture(SIZE, 1)), rgb(texture(SIZE, 2))
    now, same, different = frame(here, 5), frame(here, 0), frame(other, 10)
    for alpha in (0.1, 0.5, 0.9):
        fused = confidence(now, carried(1, same, STILL), carried(0, different, STILL), alpha).f
        assert float(fused.mean()) > 0.9
        assert float(fused.min()) > 0.5  # against nine tenths of the paper's weight, where there is little contrast
        fused = confidence(now, carried(1, different, STILL), carried(0, same, STILL), alpha).f
        assert float(fused.mean()) < 0.1
        assert float(fused.max()) < 0.5


def test_where_both_agree_distance_decides() -> None:
    now = frame(rgb(texture(SIZE)))
    weights = []
    for alpha in (0.2, 0.5, 0.8):
        found = confidence(now, carried(1, now, STILL), carried(0, now, STILL), alpha)
        expected = 1 / (1 + math.sqrt((1 - alpha) / alpha))  # half of the logit counts
        torch.testing.assert_close(weight(found.f), torch.full(CELLS, expected))
        assert found.confidence is not None
        assert float(found.confidence.min()) == 1
        weights.append(expected)
    assert weights == sorted(weights)


def test_equal_maps_come_back_unchanged() -> None:
    now, other = frame(rgb(texture(SIZE, 1))), frame(rgb(texture(SIZE, 2)))
    x = torch.randn(3, *CELLS)
    found = confidence(now, propagated(x, STILL, now), propagated(x, STILL, other), 0.4)
    torch.testing.assert_close(found.f, x, rtol=0, atol=0)


def test_one_map_alone_has_confidence_too() -> None:
    now, other = frame(rgb(texture(SIZE, 1))), frame(rgb(texture(SIZE, 2)))
    for forward, backward in ((now, None), (None, now)):
        sides = [None if key is None else carried(1, key, STILL) for key in (forward, backward)]
        found = confidence(now, sides[0], sides[1], 0.3)
        assert float(found.f.min()) == float(found.f.max()) == 1
        assert found.confidence is not None
        assert float(found.confidence.min()) == 1
    doubted = confidence(now, carried(1, other, STILL), None, 0.3).confidence
    assert doubted is not None
    assert float(doubted.mean()) < 0.3


@pytest.mark.parametrize("missing", ["plane", "path", "size"])
def test_without_evidence_the_paper_decides(missing: str) -> None:
    now = frame(rgb(texture(SIZE)))
    key = now if missing == "path" else replace(now, plane=None)
    if missing == "size":
        key = frame(rgb(texture((64, 64))))
    sides = carried(1, key, None if missing == "path" else STILL), carried(0, now, STILL)
    found = confidence(now, *sides, 0.3)
    assert found.confidence is None
    assert torch.equal(found.f, average(now, *sides, 0.3).f)
    torch.testing.assert_close(weight(found.f), torch.full(CELLS, 0.3))


@pytest.mark.parametrize("alpha", [0.25, 0.75])
def test_the_papers_weight_has_confidence_too(alpha: float) -> None:
    """The mean of both sides' photometric errors, weighted as the maps are."""
    now, other = frame(rgb(texture(SIZE, 1))), frame(rgb(texture(SIZE, 2)))
    fuse = with_confidence(average)
    apart = now.difference(other, STILL)
    assert apart is not None
    for forward, backward, share in ((now, other, 1 - alpha), (other, now, alpha), (other, other, 1.0)):
        found = fuse(now, carried(1, forward, STILL), carried(0, backward, STILL), alpha)
        torch.testing.assert_close(weight(found.f), torch.full(CELLS, alpha))
        assert found.confidence is not None
        np.testing.assert_allclose(
            found.confidence.numpy(), confidence_of(np.float32(share) * apart.numpy()), rtol=1e-5
        )
    assert fuse(now, carried(1, now, None), carried(0, now, STILL), alpha).confidence is None


def test_differences_are_those_of_the_windows() -> None:
    """Against plain numpy, for random paths that partly leave the picture."""
    rng = np.random.default_rng(0)
    a, b = (Plane.of(grey(rgb(texture(SIZE, seed)))) for seed in (3, 4))
    path = MotionField(torch.from_numpy(rng.normal(0, 0.1, (2, *CELLS)).astype(np.float32)), torch.ones(CELLS))
    found = a.difference(b, path.offsets.numpy())
    height, width = a.pixels.shape
    for row in range(CELLS[0]):
        for column in range(CELLS[1]):
            top, left = row * 8 + 4 - 4 + MARGIN, column * 8 + 4 - 4 + MARGIN
            x = left + int(np.rint(np.float64(path.offsets[0, row, column]) * SIZE[1]))
            y = top + int(np.rint(np.float64(path.offsets[1, row, column]) * SIZE[0]))
            x, y = min(max(x, 0), width - 8), min(max(y, 0), height - 8)
            ours = a.pixels[top : top + 8, left : left + 8].astype(int)
            theirs = b.pixels[y : y + 8, x : x + 8].astype(int)
            assert found[row, column] == pytest.approx(np.abs(ours - theirs).mean())


def test_confidence_falls_with_the_photometric_error() -> None:
    found = confidence_of(np.array([0, 1, HALF_CONFIDENCE, 10, 20, 100], np.float32))
    assert found[0] == 1
    assert found[2] == pytest.approx(0.5)
    assert (np.diff(found) < 0).all()


def test_a_path_that_ends_outside_of_the_frame_counts_for_less() -> None:
    """On a flat picture, where the border looks like everything: the other side gains by as much as is written."""
    now = frame(np.full((*SIZE, 3), 128, np.uint8))
    left = MotionField(torch.full((2, *CELLS), 0.25), torch.ones(CELLS))  # the last quarter of rows and columns leaves
    gone = torch.zeros(CELLS, dtype=torch.bool)
    gone[9:], gone[:, 12:] = True, True
    plain = 1 / (1 + math.exp(-DISTANCE * math.log(0.4 / 0.6)))
    for sides, sign in (((left, STILL), -1), ((STILL, left), 1), ((left, left), 0)):
        found = confidence(now, carried(1, now, sides[0]), carried(0, now, sides[1]), 0.4)
        logit = sign * SHARPNESS * OUTSIDE + DISTANCE * math.log(0.4 / 0.6)
        alpha = weight(found.f)
        torch.testing.assert_close(alpha[gone], torch.full((int(gone.sum()),), 1 / (1 + math.exp(-logit))))
        torch.testing.assert_close(alpha[~gone], torch.full((int((~gone).sum()),), plain))
        assert found.confidence is not None
        assert float(found.confidence.min()) == 1  # the pictures agree all the same


class Brightness:
    """A network whose only feature is how bright its frame is: a keyframe's map tells where it came from."""

    def features(self, frame: Frame) -> torch.Tensor:
        return torch.full((1, *CELLS), float(frame.index))

    def task(self, f: torch.Tensor) -> torch.Tensor:
        return f


def test_content_that_only_one_keyframe_shows_comes_from_that_one() -> None:
    """A thing appears between two keyframes: where it is, the later one counts, elsewhere both do."""
    plain = rgb(texture(SIZE, 1))
    with_thing = plain.copy()
    with_thing[32:64, 48:80] = rgb(texture((32, 32), 7))
    with open_video(iter([plain, plain, with_thing, with_thing, with_thing])) as video:
        frames = [replace(frame, cut=False) for frame in video]
    still = [replace(each, motion=STILL, find_reverse=lambda: STILL) for each in frames]
    found = list(schemes.interpolate(still, Brightness(), 4, fuse=confidence))[2]
    inside, outside = found.scores[0, 5:7, 7:9], found.scores[0, :2]
    assert float(inside.min()) > 3.5  # of keyframe 4, not the mean
    assert float((outside - 2).abs().max()) < 0.1
    assert found.confidence is not None
    assert float(found.confidence.min()) > 0.9  # one of the keyframes has seen each part


def test_confidence_tells_how_likely_the_network_agrees() -> None:
    """On streets that nothing was tuned on: the lower the confidence, the more labels differ from the network's own."""
    segmenter = Segmenter("camvid", interval=8, device="cpu")
    network = load("camvid", device="cpu")
    differ, count = np.zeros(4), np.zeros(4)
    for seed in (61,):
        street = Street(seed=seed, size=(180, 240), speed=9.0, rate=15)
        with open_video(iter([each.pixels for each in street.frames(17)])) as video:
            for result in segmenter.segment(video):
                if result.is_key:
                    continue
                assert result.confidence is not None
                own = network.task(network.features(result.frame)).argmax(0)
                wrong = (result.scores.argmax(0) != own).numpy()
                bins = np.digitize(result.confidence.numpy(), [0.5, 0.8, 0.95])
                differ += np.bincount(bins[wrong], minlength=4)
                count += np.bincount(bins.ravel(), minlength=4)
    shares = differ / count
    assert (count > 1000).all()
    assert (np.diff(shares) < 0).all()
    assert shares[0] > 5 * shares[3]


def test_chained_warps_have_no_path_to_compare_along() -> None:
    with pytest.raises(ValueError, match="propagation 'composed'"):
        Segmenter("camvid", propagation="chained", device="cpu")


def test_a_window_of_a_pan_is_sure_of_itself() -> None:
    with open_video(iter(pan((3, 1), 9))) as video:
        found = list(schemes.interpolate(video, Brightness(), 4, fuse=confidence))
    for estimate in found:
        if estimate.distance:
            assert estimate.confidence is not None
            assert float(estimate.confidence[2:-2, 2:-2].mean()) > 0.95
