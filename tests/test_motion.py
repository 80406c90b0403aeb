"""Vectors to fields: cells, signs, references, holes, rotation; estimated motion; scene cuts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pans import SIZE, Picture, encode, pan, pixels_off, share_right, texture
from warpseg.geometry import warp
from warpseg.motion.blocks import fill, match_error, paint, shrink
from warpseg.motion.codec import blocks_of, field_from_blocks, grid_size, rotate
from warpseg.motion.cuts import CutDetector
from warpseg.motion.estimate import estimate_blocks
from warpseg.motion.references import resolve
from warpseg.source import open_video
from warpseg.types import Frame, MotionField

Blocks = NDArray[np.float32]
# FFmpeg's AVMotionVector
RECORD = np.dtype(
    {
        "names": [
            "source",
            "w",
            "h",
            "src_x",
            "src_y",
            "dst_x",
            "dst_y",
            "flags",
            "motion_x",
            "motion_y",
            "motion_scale",
        ],
        "formats": ["i4", "u1", "u1", "i2", "i2", "i2", "i2", "u8", "i4", "i4", "u2"],
        "offsets": [0, 4, 5, 6, 8, 10, 12, 16, 24, 28, 32],
        "itemsize": 40,
    }
)


def records(*rows: tuple[int, int, int, int, int, int, int, int]) -> NDArray[np.void]:
    """Return records of (source, w, h, centre x, centre y, motion x, motion y, scale)."""
    out = np.zeros(len(rows), RECORD)
    for record, (source, w, h, x, y, dx, dy, scale) in zip(out, rows, strict=True):
        record["source"], record["w"], record["h"] = source, w, h
        record["dst_x"], record["dst_y"] = x, y
        record["motion_x"], record["motion_y"], record["motion_scale"] = dx, dy, scale
        record["src_x"], record["src_y"] = x + dx // max(scale, 1), y + dy // max(scale, 1)
    return out


def tiled(size: tuple[int, int], dx: float, dy: float, side: int = -1, block: int = 16) -> Blocks:
    """Return blocks that cover a picture and all move alike; at the far edges they reach beyond it, as a codec's do."""
    rows = [
        (x + block / 2, y + block / 2, block, block, dx, dy, side)
        for y in range(0, size[0], block)
        for x in range(0, size[1], block)
    ]
    return np.array(rows, np.float32)


def grey(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, :, 0])


# Records to blocks, blocks to cells


def test_records_become_blocks_in_pixels_whatever_their_scale() -> None:
    made = blocks_of(records((-1, 16, 8, 24, 12, 6, -3, 4), (1, 8, 8, 4, 4, -5, 2, 2), (-3, 16, 16, 8, 8, 7, 7, 0)))
    assert made.dtype == np.float32
    np.testing.assert_array_equal(
        made, [[24, 12, 16, 8, 1.5, -0.75, -1], [4, 4, 8, 8, -2.5, 1, 1], [8, 8, 16, 16, 7, 7, -1]]
    )


@pytest.mark.parametrize("size", [(64, 96), (90, 100), (81, 121), (50, 50), (8, 8), (1, 1), (3, 500)])
def test_cells_divide_the_picture_evenly_and_are_about_eight_pixels(size: tuple[int, int]) -> None:
    rows, columns = grid_size(size)
    for pixels, cells in ((size[0], rows), (size[1], columns)):
        assert cells >= 1
        assert cells == 1 or 6 < pixels / cells < 11


@pytest.mark.parametrize("size", [(64, 96), (90, 100), (81, 121), (50, 50), (180, 322)])
@pytest.mark.parametrize("block", [(8, 8), (16, 16), (16, 8), (8, 16)])
def test_a_block_is_painted_on_the_cells_whose_centres_it_covers(size: tuple[int, int], block: tuple[int, int]) -> None:
    rows, columns = grid_size(size)
    y_centres = (np.arange(rows) + 0.5) * size[0] / rows
    x_centres = (np.arange(columns) + 0.5) * size[1] / columns
    w, h = block
    one = np.ones(1, np.float32)
    for top in range(0, size[0], 8):
        for left in range(0, size[1], 24):
            out = np.zeros((3, rows, columns), np.float32)
            paint(np.array([[left + w / 2, top + h / 2, w, h, 3, -5, -1]], np.float32), one, one, size, out)
            inside_y, inside_x = (
                (y_centres >= top) & (y_centres < top + h),
                (x_centres >= left) & (x_centres < left + w),
            )
            inside = inside_y[:, None] & inside_x
            np.testing.assert_array_equal(out[2] > 0, inside)
            np.testing.assert_allclose(out[0], inside * 3 / size[1], rtol=1e-6)
            np.testing.assert_allclose(out[1], inside * -5 / size[0], rtol=1e-6)


@pytest.mark.parametrize("size", [(64, 96), (90, 100), (81, 121), (50, 50), (180, 322)])
def test_blocks_that_tile_the_picture_reach_every_cell_once(size: tuple[int, int]) -> None:
    for block in (8, 16):
        blocks = tiled(size, 1, 1, block=block)
        out = np.zeros((3, *grid_size(size)), np.float32)
        paint(blocks, np.ones(len(blocks), np.float32), np.ones(len(blocks), np.float32), size, out)
        np.testing.assert_array_equal(out[2], 1)


@pytest.mark.parametrize("size", [(64, 96), (81, 121)])
def test_the_sign_is_ffmpegs(size: tuple[int, int]) -> None:
    """current(x) is reference(x + mv), and the field says the same: content that moved 5 pixels left has offset +5."""
    before, now = (grey(picture) for picture in pan((5, -2), 2, size=size))
    field, covered = field_from_blocks(tiled(size, 5, -2), now, {-1: before})
    assert covered == 1
    assert float(pixels_off(field, (5, -2), size).max()) < 1e-4
    torch.testing.assert_close(field.confidence, torch.ones(grid_size(size)))
    x = torch.from_numpy(before)[None].float()
    error = (warp(x, field) - torch.from_numpy(now)).abs()[0, 8:-8, 8:-8]
    assert float(error.mean()) < 0.2


@pytest.mark.parametrize("distance", [-4, -3, -2, -1, 1, 2, 3])
def test_a_vector_is_brought_to_one_frame_by_its_distance(distance: int) -> None:
    pictures = [grey(picture) for picture in pan((3, 2), 8)]
    mv = tiled(SIZE, -3.0 * distance, -2.0 * distance, side=int(np.sign(distance)))
    field, covered = field_from_blocks(mv, pictures[4], {distance: pictures[4 + distance]})
    assert covered == 1
    assert float(pixels_off(field, (3, 2)).max()) < 1e-4


def test_vectors_of_both_sides_meet_with_the_right_signs() -> None:
    pictures = [grey(picture) for picture in pan((3, 2), 3)]
    both = np.concatenate([tiled(SIZE, 3, 2), tiled(SIZE, -3, -2, side=1)])
    field, _ = field_from_blocks(both, pictures[1], {-1: pictures[0], 1: pictures[2]})
    assert float(pixels_off(field, (3, 2)).max()) < 1e-4


def test_where_vectors_disagree_the_one_that_matches_prevails() -> None:
    before, now = (grey(picture) for picture in pan((6, 0), 2))
    right, spurious = tiled(SIZE, 6, 0), tiled(SIZE, 0, 0)
    field, _ = field_from_blocks(np.concatenate([right, spurious]), now, {-1: before})
    assert float(pixels_off(field, (6, 0))[:, :-2].mean()) < 0.5


def test_without_any_vector_the_field_is_zero_and_covers_nothing() -> None:
    now = grey(pan((1, 1), 1)[0])
    field, covered = field_from_blocks(np.zeros((0, 7), np.float32), now, {-1: now})
    assert covered == 0
    assert torch.equal(field.offsets, torch.zeros(2, *grid_size(SIZE)))


def test_vectors_without_a_candidate_on_their_side_are_left_out() -> None:
    now = grey(pan((1, 1), 1)[0])
    _, covered = field_from_blocks(tiled(SIZE, 3, 2, side=1), now, {-1: now})
    assert covered == 0


# Holes


def test_holes_continue_their_neighbours() -> None:
    pictures = [grey(picture) for picture in pan((4, -3), 2)]
    blocks = tiled(SIZE, 4, -3)
    left_half = blocks[blocks[:, 0] < SIZE[1] / 2]
    field, covered = field_from_blocks(left_half, pictures[1], {-1: pictures[0]})
    assert 0.4 < covered < 0.6
    assert float(pixels_off(field, (4, -3)).max()) < 1e-4
    assert float(field.confidence[:, 0].min()) == 1
    assert 0 < float(field.confidence[:, -1].max()) < 1


@pytest.mark.parametrize("seed", range(3))
def test_holes_in_an_affine_field_are_filled_nearly_right(seed: int) -> None:
    y, x = np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 30), indexing="ij")
    truth = np.stack([0.3 * x - 0.1 * y, 0.2 * y + 0.1 * x]).astype(np.float32)
    known = np.random.default_rng(seed).random((20, 30)) < 0.6
    holed = np.where(known, truth, 99).astype(np.float32)
    fill(holed, known)
    np.testing.assert_array_equal(holed[:, known], truth[:, known])
    assert np.abs(holed - truth)[:, 2:-2, 2:-2].max() < 0.05


def test_a_hole_is_filled_from_its_rim_not_from_afar() -> None:
    offsets = np.zeros((2, 9, 9), np.float32)
    offsets[:, :, :4], offsets[:, :, 5:] = 1, 3
    known = np.ones((9, 9), bool)
    known[:, 4] = False
    fill(offsets, known)
    np.testing.assert_allclose(offsets[:, :, 4], 2)
    offsets, known = np.zeros((2, 1, 7), np.float32), np.array([[True, False, False, False, False, False, True]])
    offsets[:, 0, 6] = 8
    fill(offsets, known)
    np.testing.assert_allclose(offsets[0, 0], [0, 0, 0, 4, 8, 8, 8])


def test_filling_knows_what_to_do_with_all_or_nothing() -> None:
    offsets = np.full((2, 3, 4), 7, np.float32)
    fill(offsets, np.ones((3, 4), bool))
    np.testing.assert_array_equal(offsets, 7)
    fill(offsets, np.zeros((3, 4), bool))
    np.testing.assert_array_equal(offsets, 0)


# References


@pytest.mark.parametrize("distance", [-4, -3, -2, -1, 1, 2])
def test_the_reference_of_a_vector_is_found(distance: int) -> None:
    pictures = [grey(picture) for picture in pan((3, -2), 9)]
    blocks = tiled(SIZE, -3.0 * distance, 2.0 * distance, side=int(np.sign(distance)))
    candidates = {k: pictures[5 + k] for k in (-5, -4, -3, -2, -1, 1, 2, 3)}
    found, error = resolve(pictures[5], blocks, candidates)
    inner = (blocks[:, :2] > 24).all(1) & (blocks[:, 0] < SIZE[1] - 24) & (blocks[:, 1] < SIZE[0] - 24)
    np.testing.assert_array_equal(found[inner], distance)
    np.testing.assert_array_equal(error[inner], 0)


def test_still_blocks_follow_the_majority() -> None:
    """A flat block fits every reference: it follows what the clear ones say."""
    pictures = [grey(picture) for picture in pan((3, -2), 4)]
    for picture in pictures:
        picture[48:112, 64:128] = 90
    blocks = tiled(SIZE, 6, -4)
    found, _ = resolve(pictures[3], blocks, {-k: pictures[3 - k] for k in (1, 2, 3)})
    flat = (np.abs(blocks[:, 0] - 96) < 24) & (np.abs(blocks[:, 1] - 80) < 24)
    assert flat.sum() >= 4
    np.testing.assert_array_equal(found[flat], -2)


def test_candidates_of_another_size_are_no_candidates() -> None:
    now, small = grey(pan((1, 1), 1)[0]), np.zeros((32, 32), np.uint8)
    found, error = resolve(now, tiled(SIZE, 0, 0), {-1: small, -2: now})
    assert set(found) == {-2}
    assert not error.any()
    found, error = resolve(now, tiled(SIZE, 0, 0), {-1: small})
    assert set(found) == {0}
    assert np.isinf(error).all()


def test_match_error_keeps_to_its_side_and_to_the_picture() -> None:
    now = grey(pan((1, 1), 1)[0])
    blocks = np.array([[8, 8, 16, 16, -500, 900, -1], [8, 8, 16, 16, 0, 0, 1]], np.float32)
    out = np.full(2, -7, np.float32)
    match_error(now, now, blocks, -1, out)
    assert 0 <= out[0] <= 255
    assert out[1] == -7


VELOCITY = (3, -2)
ENCODINGS: dict[str, tuple[str, dict[str, str]]] = {
    "x264 defaults": ("libx264", {}),
    "x264 bf=0": ("libx264", {"bf": "0"}),
    "x264 bf=0 refs=1": ("libx264", {"bf": "0", "refs": "1"}),
    "x264 bf=3 refs=3 no adaptation": ("libx264", {"bf": "3", "refs": "3", "b_strategy": "0"}),
    "x264 slow bf=8 refs=8": ("libx264", {"preset": "slow", "bf": "8", "refs": "8"}),
    "x264 keyint=10": ("libx264", {"g": "10", "sc_threshold": "0"}),
    "x264 keyint=10 bf=0": ("libx264", {"g": "10", "sc_threshold": "0", "bf": "0"}),
    "mpeg4": ("mpeg4", {"g": "10"}),
    "mpeg2 bf=2": ("mpeg2video", {"g": "10", "bf": "2"}),
}
Encoded = Callable[[str], list[Frame]]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    """Return a function that gives the frames of the pan in one of ``ENCODINGS``."""
    made: dict[str, list[Frame]] = {}

    def frames(name: str) -> list[Frame]:
        if name not in made:
            codec, options = ENCODINGS[name]
            path = encode(tmp_path_factory.mktemp("pan") / "pan.mp4", pan(VELOCITY), codec, **options)
            with open_video(path) as video:
                made[name] = list(video)
        return made[name]

    return frames


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_field_of_a_coded_pan_is_its_true_motion(encoded: Encoded, name: str) -> None:
    codec, _ = ENCODINGS[name]
    coded = [frame for frame in encoded(name)[1:] if frame.motion_source == "codec"]
    assert len(coded) >= 15
    for frame in coded:
        # Other encoders' own choices are a little less often the true motion.
        assert share_right(frame.motion, VELOCITY) > (0.95 if codec == "libx264" else 0.9), frame


@pytest.mark.parametrize("name", ["x264 keyint=10", "x264 keyint=10 bf=0", "mpeg4", "mpeg2 bf=2"])
def test_i_frames_in_mid_stream_get_estimated_motion(encoded: Encoded, name: str) -> None:
    inner = [frame for frame in encoded(name)[1:] if frame.picture == "I"]
    assert inner
    for frame in inner:
        assert frame.motion_source == "estimate"
        assert share_right(frame.motion, VELOCITY) > 0.9, frame


def test_the_encodings_test_what_they_should(encoded: Encoded) -> None:
    assert {frame.picture for frame in encoded("x264 defaults")} == {"I", "P", "B"}
    assert {frame.picture for frame in encoded("x264 bf=0")} == {"I", "P"}
    assert not any(frame.cut for name in ENCODINGS for frame in encoded(name))


# Rotation


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(12, 20), (9, 9), (15, 7)])
def test_a_turned_field_moves_the_turned_picture(size: tuple[int, int], degrees: int, mirrored: bool) -> None:
    g = torch.Generator().manual_seed(degrees)
    x = torch.randn(3, *size, generator=g)
    motion = MotionField(0.2 * torch.randn(2, *size, generator=g), torch.rand(*size, generator=g))

    def displayed(maps: torch.Tensor) -> torch.Tensor:
        turned = torch.rot90(maps, degrees // 90, (1, 2))
        return turned.flip(2) if mirrored else turned

    turned = rotate(motion, degrees, mirrored=mirrored)
    torch.testing.assert_close(warp(displayed(x), turned), displayed(warp(x, motion)), atol=1e-5, rtol=0)
    assert torch.equal(turned.confidence, displayed(motion.confidence[None])[0])


@pytest.mark.parametrize(("degrees", "expected"), [(0, (5, 2)), (90, (2, -5)), (180, (-5, -2)), (270, (-2, 5))])
def test_motion_of_a_turned_pan_is_turned(degrees: int, expected: tuple[int, int]) -> None:
    """Counter-clockwise by 90 degrees, right becomes up."""
    before, now = (grey(picture) for picture in pan((5, 2), 2))
    motion, _ = field_from_blocks(estimate_blocks(now, before), now, {-1: before})
    turned = rotate(motion, degrees)
    shown = np.rot90(now, degrees // 90).shape
    before, now = (np.ascontiguousarray(np.rot90(picture, degrees // 90)) for picture in (before, now))
    of_turned, _ = field_from_blocks(estimate_blocks(now, before), now, {-1: before})
    assert share_right(turned, expected, (shown[0], shown[1])) > 0.95
    assert share_right(of_turned, expected, (shown[0], shown[1])) > 0.95


def test_turning_four_times_gives_the_field_back() -> None:
    motion = MotionField(torch.randn(2, 5, 8), torch.rand(5, 8))
    again = motion
    for _ in range(4):
        again = rotate(again, 90)
    assert torch.equal(again.offsets, motion.offsets)
    assert torch.equal(rotate(rotate(motion, 90), 90).offsets, rotate(motion, 180).offsets)
    assert torch.equal(rotate(rotate(motion, 180), 90).offsets, rotate(motion, 270).offsets)


# Estimated motion


@pytest.mark.parametrize("shift", [(0, 0), (4, 0), (-3, 5), (10, -7)])
@pytest.mark.parametrize("size", [(160, 224), (121, 171), (90, 130)])
def test_a_known_shift_is_found(size: tuple[int, int], shift: tuple[int, int]) -> None:
    before, now = (grey(picture) for picture in pan(shift, 2, size=size))
    motion, covered = field_from_blocks(estimate_blocks(now, before), now, {-1: before})
    assert covered > 0.8
    assert float((pixels_off(motion, shift, size) <= 0.5)[2:-2, 2:-2].float().mean()) > 0.95


def test_wide_pictures_are_searched_at_a_fraction() -> None:
    size = (360, 1280)
    before, now = (grey(picture) for picture in pan((12, -8), 2, size=size))
    motion, covered = field_from_blocks(estimate_blocks(now, before), now, {-1: before})
    assert covered > 0.9
    assert float((pixels_off(motion, (12, -8), size) <= 1)[3:-3, 3:-3].float().mean()) > 0.95


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (15, 200), (16, 16), (17, 33)])
def test_small_pictures_are_no_trouble(size: tuple[int, int]) -> None:
    picture = texture(size).astype(np.uint8)
    motion, _ = field_from_blocks(estimate_blocks(picture, picture), picture, {-1: picture})
    assert torch.equal(motion.offsets, torch.zeros(2, *grid_size(size)))


def test_estimates_point_to_the_past() -> None:
    before, now = (grey(picture) for picture in pan((4, 1), 2))
    blocks = estimate_blocks(now, before)
    assert set(blocks[:, 6]) == {-1}
    assert blocks.dtype == np.float32


def test_a_decoders_padded_plane_is_read_right() -> None:
    before, now = (grey(picture) for picture in pan((4, 1), 2))
    padded = [np.pad(picture, ((0, 0), (0, 32)), constant_values=7)[:, : SIZE[1]] for picture in (before, now)]
    np.testing.assert_array_equal(estimate_blocks(padded[1], padded[0]), estimate_blocks(now, before))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_shrinking_averages(factor: int) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (13, 20), np.uint8)
    small = shrink(luma, factor)
    h, w = 13 // factor, 20 // factor
    exact = luma[: h * factor, : w * factor].reshape(h, factor, w, factor).mean((1, 3))
    assert np.abs(small - exact).max() <= 0.5
