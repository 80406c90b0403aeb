"""Side data: reads a frame's motion vectors and display matrix, and nothing else that is attached to it.

PyAV wraps all of a frame's side data at once. That fails for kinds that it does not know (EXIF, views of MV-HEVC) and
frees the name of a PNG's colour profile twice, which ends the process. A filter therefore removes every other kind from
a second reference to the frame first; pixels are not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av import VideoFrame
from av.filter import Graph
from av.sidedata.motionvectors import MotionVectors
from av.sidedata.sidedata import SideDataContainer
from numpy.typing import NDArray

__all__ = ["Attached", "SideDataReader"]

_WANTED = (6, 8)  # AVFrameSideDataType: display matrix, motion vectors
_KINDS = 64  # more than FFmpeg has
_TIME_BASE = Fraction(1, 1000)  # of the filters, which do not read times


@dataclass(frozen=True, eq=False)
class Attached:
    """Side data of one frame."""

    vectors: NDArray[np.void] | None = None  # FFmpeg's AVMotionVector records in coded orientation
    matrix: NDArray[np.int32] | None = None  # the display matrix, 3x3 row by row


class SideDataReader:
    """Reader of the side data of one stream's frames."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[int, int, str] | None = None  # of the frames that the graph takes

    def read(self, frame: VideoFrame) -> Attached:
        """Return the side data of a frame.

        It does not go through ``frame.side_data``: that property makes the frame and its side data refer to each other,
        so that decoded frames wait for the garbage collector: hundreds of megabytes at 720p.
        """
        kind = (frame.width, frame.height, frame.format.name)
        if self._graph is None or kind != self._kind:
            self._graph, self._kind = _filters(frame), kind
        self._graph.push(frame)
        side_data = SideDataContainer(self._graph.pull())  # type: ignore[call-arg]
        vectors, matrix = side_data.get("MOTION_VECTORS"), side_data.get("DISPLAYMATRIX")
        return Attached(
            vectors.to_ndarray() if isinstance(vectors, MotionVectors) else None,
            None if matrix is None else np.frombuffer(memoryview(matrix), np.int32),
        )


def _filters(frame: VideoFrame) -> Graph:
    """Return filters that remove all side data but the wanted kinds from frames like this one."""
    graph = Graph()
    if hasattr(graph, "threads"):  # PyAV before 17 has no such setting
        graph.threads = 1
    nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_TIME_BASE)]
    nodes += [graph.add("sidedata", mode="delete", type=str(k)) for k in range(_KINDS) if k not in _WANTED]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph
