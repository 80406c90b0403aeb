"""Iterables of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.numbered import LENGTH, SIZE, picture
from warpseg.errors import VideoError
from warpseg.video import open_pictures


def test_an_endless_iterator_is_read_one_array_at_a_time() -> None:
    requested: list[int] = []

    def camera() -> Iterator[NDArray[np.uint8]]:
        try:
            for index in count():
                requested.append(index)
                yield picture(index % LENGTH)
        finally:
            requested.append(-1)

    with open_pictures(camera()) as reader:
        for _, shown in zip(range(5), reader, strict=False):
            assert requested[-1] == shown.index
    assert requested[-1] == -1  # the camera was told to stop


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), ">u2"),
        np.zeros((4, 4, 4), np.uint8),
        "frame",
    ],
)
@pytest.mark.parametrize("position", [0, 1])
def test_wrong_arrays_are_refused_with_what_is_accepted(wrong: object, position: int) -> None:
    arrays = cast(Iterator[NDArray[np.uint8]], iter([picture(0)] * position + [wrong]))
    with pytest.raises(ValueError, match=rf"array {position} .*\(H, W, 3\) uint8"):
        list(open_pictures(arrays))


@pytest.mark.parametrize("kind", ["numpy", "read-only view", "torch", "not contiguous"])
def test_a_source_may_reuse_its_buffer(kind: str) -> None:
    buffer = np.empty((*SIZE, 3) if kind != "not contiguous" else (*SIZE[::-1], 3), np.uint8)
    given: dict[str, object] = {
        "numpy": buffer,
        "read-only view": buffer.view(),
        "torch": torch.from_numpy(buffer),
        "not contiguous": buffer.transpose(1, 0, 2),
    }
    cast(NDArray[np.uint8], given["read-only view"]).flags.writeable = False

    def camera() -> Iterator[NDArray[np.uint8]]:
        for index in range(LENGTH):
            buffer[:] = picture(index) if kind != "not contiguous" else picture(index).transpose(1, 0, 2)
            yield cast(NDArray[np.uint8], given[kind])

    with open_pictures(camera()) as reader:
        pictures = list(reader)
    for index, shown in enumerate(pictures):
        np.testing.assert_array_equal(shown.load(), picture(index))
        assert abs(int(np.median(shown.luma)) - int(np.median(picture(index)))) <= 1


def test_arrays_that_cannot_change_are_not_copied() -> None:
    constant = picture(0).copy()
    constant.flags.writeable = False
    with open_pictures([constant]) as reader:
        assert next(reader).load() is constant


def test_an_empty_iterable_is_no_video() -> None:
    with pytest.raises(VideoError, match="empty"):
        open_pictures([])
