"""Iterables of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.numbered import LENGTH, picture
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
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8), "frame"]
)
@pytest.mark.parametrize("position", [0, 1])
def test_wrong_arrays_are_refused_with_what_is_accepted(wrong: object, position: int) -> None:
    arrays = cast(Iterator[NDArray[np.uint8]], iter([picture(0)] * position + [wrong]))
    with pytest.raises(ValueError, match=rf"array {position} .*\(H, W, 3\) uint8"):
        list(open_pictures(arrays))


def test_an_empty_iterable_is_no_video() -> None:
    with pytest.raises(VideoError, match="empty"):
        open_pictures([])
