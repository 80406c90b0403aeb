"""Frames with motion: ``open_video`` joins what ``video`` reads with what ``motion`` makes of it."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from warpseg.errors import VideoError
from warpseg.motion.codec import blocks_of, field_from_blocks, grid_size, rotate
from warpseg.motion.cuts import CutDetector
from warpseg.motion.estimate import estimate_blocks
from warpseg.timing import Stages
from warpseg.types import Frame, MotionField, Picture, VideoInfo
from warpseg.video import PictureReader, Source, open_pictures

__all__ = ["Source", "Video", "open_video"]

_log = logging.getLogger("warpseg")

_ENOUGH = 0.25  # share of the picture that coded vectors must cover; below it the frame's motion is estimated
_LOOK_AHEAD = 16  # pictures at most that a B-frame waits for its future reference
_REMEMBERED = 12  # pictures kept: three references at x264's usual distance of four
_ANCHORS = 3  # of these, the last I- and P-frames that a vector may point to
_NEARBY = 4  # and the last pictures of any type
_SETTLED = 2  # anchors after a start in mid-stream before vectors are used: their references may lie before it


def open_video(
    source: Source,
    *,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    motion: bool = True,
    stages: Stages | None = None,
) -> Video:
    """Open a source and return its frames, each with the motion back to the frame before.

    ``source`` is a file, URL or pipe that PyAV opens, a folder or pattern of images, or an iterable of uint8 RGB arrays
    (height, width, 3). ``start`` and ``end`` are seconds from the source's first frame. Without ``motion`` all fields
    are zero, and nothing is spent on them. Raises ``VideoError`` where the source cannot be opened, or, once all that
    decodes has been given, where it is damaged.
    """
    pictures = open_pictures(source, start=start, end=end, max_frames=max_frames)
    return Video(pictures, stages or Stages(), motion=motion)


class Video:
    """An iterator of ``Frame`` in display order, and a context manager. Iterate once; memory does not grow."""

    def __init__(self, pictures: PictureReader, stages: Stages, *, motion: bool = True) -> None:
        self._pictures = pictures
        self._stages = stages
        self._wants_motion = motion
        self._damage: VideoError | None = None  # told when everything before it has been yielded
        self._frames: Generator[Frame] = self._join()
        self._anchors = 0  # I- and P-frames so far; an I-frame settles it at once
        self.motion: Counter[str] = Counter()  # frames by motion source: "codec", "estimate", "none"
        self.cuts: list[int] = []  # frame numbers at which a new scene begins
        self.info: VideoInfo = pictures.info

    @property
    def warnings(self) -> list[str]:
        """What was assumed or substituted so far, one line each."""
        lines = list(self._pictures.warnings)
        if self.motion["estimate"]:
            why = "no or too few vectors in them" if self.info.has_vectors else "the source has no motion vectors"
            of_all = f"{self.motion['estimate']} of {self.motion.total()} frames"
            lines.append(f"motion of {of_all} was estimated (mestimate): {why}")
        return lines

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the source."""
        self._frames.close()
        self._pictures.close()

    def _join(self) -> Generator[Frame]:
        if self._wants_motion and not self.info.has_vectors:
            _log.info("%s: no motion vectors in this source; motion is estimated (mestimate)", self.info.name)
        past: deque[Picture] = deque(maxlen=_REMEMBERED)
        ahead: deque[Picture] = deque()
        is_cut = CutDetector()
        while True:
            if not ahead and not self._read(ahead):
                if self._damage:
                    raise self._damage
                return
            picture = ahead.popleft()
            if (
                picture.type == "B" and self._wants_motion
            ):  # the decoder has had its future reference before it, so this delays nothing
                while not any(later.type != "B" for later in ahead) and len(ahead) < _LOOK_AHEAD and self._read(ahead):
                    pass
            with self._stages.measure("motion"):
                frame = self._frame(picture, past, ahead, is_cut)
                self.motion[frame.motion_source] += 1
                if frame.cut:
                    self.cuts.append(frame.index)
                past.append(picture)
                self._anchors += {"I": _SETTLED, "B": 0}.get(picture.type or "P", 1)
            yield frame

    def _read(self, ahead: deque[Picture]) -> bool:
        with self._stages.measure("decode"):
            try:
                picture = next(self._pictures, None)
            except VideoError as error:
                picture, self._damage = None, error
        if picture is not None:
            ahead.append(picture)
        return picture is not None

    def _frame(self, picture: Picture, past: deque[Picture], ahead: deque[Picture], is_cut: CutDetector) -> Frame:
        previous = past[-1] if past else None
        if previous is None or previous.luma.shape != picture.luma.shape or not self._wants_motion:
            nothing = MotionField.zero(grid_size(picture.size), confidence=0.0)
            cut = previous is not None and self._wants_motion  # to another size
            return Frame(picture.index, picture.time, picture.size, nothing, picture.type, cut, "none", picture.load)
        motion, how = _motion(picture, previous, _candidates(past, ahead) if self._anchors >= _SETTLED else {})
        cut = is_cut(picture.luma, previous.luma, motion.offsets.numpy())
        motion = rotate(motion, picture.rotation, mirrored=picture.mirrored)
        return Frame(picture.index, picture.time, picture.size, motion, picture.type, cut, how, picture.load)


def _motion(
    picture: Picture, previous: Picture, candidates: dict[int, NDArray[np.uint8]]
) -> tuple[MotionField, Literal["codec", "estimate"]]:
    if candidates and picture.vectors is not None and len(picture.vectors):
        field, covered = field_from_blocks(blocks_of(picture.vectors), picture.luma, candidates)
        if covered >= _ENOUGH:
            return field, "codec"
    field, _ = field_from_blocks(estimate_blocks(picture.luma, previous.luma), picture.luma, {-1: previous.luma})
    return field, "estimate"


def _candidates(past: deque[Picture], ahead: deque[Picture]) -> dict[int, NDArray[np.uint8]]:
    """Return the luma of every picture that a vector may point to, by its distance in frames."""
    found: dict[int, NDArray[np.uint8]] = {}
    anchors = 0
    for k, picture in enumerate(reversed(past), 1):
        anchors += picture.type != "B"
        # B-frames serve as references as well (x264's b-pyramid): any since the last anchor but one may be pointed to.
        if k <= _NEARBY or anchors < 2 or (picture.type != "B" and anchors <= _ANCHORS):
            found[-k] = picture.luma
    if all(picture.type == "B" for picture in ahead):
        return found  # reading ended before the future reference, and no other picture may stand for it
    return found | {k: picture.luma for k, picture in enumerate(ahead, 1)}
