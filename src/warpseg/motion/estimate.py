"""Motion of any codec: libavfilter's ``mestimate`` on the decoded luma."""

from __future__ import annotations

from fractions import Fraction

import av
import av.filter
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from numpy.typing import NDArray

from warpseg.motion.blocks import shrink

__all__ = ["estimate_blocks"]

_BLOCK = 8
_WIDTH = 640  # pixels: wider pictures are searched at a half, a third, ..., whichever brings them nearest to this
_TICK = Fraction(1, 25)


def estimate_blocks(current: NDArray[np.uint8], previous: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return blocks (n, 7), as ``codec.blocks_of``, of ``current`` that point back to ``previous`` (both (h, w), the
    same size).

    Needs no later frame: the filter wants one, so it is shown ``current`` twice, and only vectors to the past are kept.
    Pictures smaller than four blocks give none.
    """
    factor = max(round(current.shape[1] / _WIDTH), 1)
    height, width = current.shape[0] // factor, current.shape[1] // factor
    if min(height, width) < 2 * _BLOCK:
        return np.zeros((0, 7), np.float32)
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("gray"), time_base=_TICK)
    estimate = graph.add("mestimate", f"method=epzs:mb_size={_BLOCK}:search_param=16")
    sink = graph.add("buffersink")
    source.link_to(estimate)
    estimate.link_to(sink)
    graph.configure()
    small, before = _frame(current, factor), _frame(previous, factor)
    for pts, picture in enumerate((before, small, small)):
        picture.pts, picture.time_base = pts, _TICK
        graph.push(picture)
    graph.pull()  # of ``previous``, which has nothing before it
    # Not ``frame.side_data``: that makes a cycle which keeps the picture until the garbage collector comes.
    found = SideDataContainer(graph.pull()).get("MOTION_VECTORS")  # type: ignore[call-arg]
    if found is None:
        return np.zeros((0, 7), np.float32)
    vectors = found.to_ndarray()
    past = vectors[vectors["source"] < 0]
    # The filter leaves motion_x, motion_y and motion_scale unset; source and destination are right.
    x, y = past["dst_x"].astype(np.float32), past["dst_y"].astype(np.float32)
    dx, dy = past["src_x"] - x, past["src_y"] - y
    side = np.full_like(x, _BLOCK)
    return np.stack(
        [x * factor, y * factor, side * factor, side * factor, dx * factor, dy * factor, -np.ones_like(x)], 1
    )


def _frame(luma: NDArray[np.uint8], factor: int) -> av.VideoFrame:
    if factor > 1:
        luma = shrink(luma, factor)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
