"""Source: ``open_video`` joins the pictures of ``video`` with the fields of ``motion`` to frames."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from warpseg.engine.choices import MOTIONS, check
from warpseg.engine.pipeline import Inline, Pipeline
from warpseg.engine.timing import Stages
from warpseg.errors import MotionUnavailable, VideoError
from warpseg.motion.luma import Plane
from warpseg.motion.orientation import rotate, turned_plane
from warpseg.motion.scene_cuts import CutDetector
from warpseg.motion.tracker import Tracker
from warpseg.types import Frame, MotionField, MotionSource, Picture, VideoInfo
from warpseg.video import PictureReader, Source, SourceOptions, open_pictures

__all__ = ["Source", "Video", "open_video"]

_log = logging.getLogger("warpseg")

_LOOK_AHEAD = 16  # pictures at most that a B-frame waits for its future reference
_REMEMBERED = 12  # pictures kept: three references at x264's usual distance of four
_ANCHORS = 3  # of these, the last I- and P-frames that a vector may point to
_NEARBY = 4  # and the last pictures of any type
_DECODED = 4  # pictures that are decoded ahead
_SETTLED = 2  # anchors after a start in mid-stream before vectors are used: their references may lie before it


def open_video(
    source: Source,
    *,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = None,
    motion: str = "auto",
    flow_weights: Path | str | None = None,
    options: SourceOptions | None = None,
    stages: Stages | None = None,
    pipeline: Pipeline | None = None,
) -> Video:
    """Open a source and return its frames, each with the motion back to the frame before.

    Args:
        source: A file, URL or pipe that PyAV opens, a folder or pattern of images, or an iterable of RGB arrays
            (height, width, 3) uint8.
        start: First moment, in seconds from the source's first frame; None for the beginning.
        end: Last moment, in seconds from the source's first frame; None for the end.
        max_frames: Upper bound of the number of frames; None for all.
        motion: Origin of the motion. ``codec``: the vectors in the stream, checked and refined on the pictures.
            ``estimate``: a search on the pictures alone. ``auto``: ``codec`` where the stream has vectors, else
            ``estimate``. ``flow``: dense optical flow (OpenCV's DIS, or RAFT with ``flow_weights``). ``none``: zero
            everywhere, at no cost.
        flow_weights: File with RAFT's weights, for ``motion="flow"``.
        options: Time limit, playlist and streams of coded video.
        stages: Clock that adds up the seconds of each stage.
        pipeline: Decodes in the caller's thread (None) or ahead in its own (``pipeline.Threads``); closed with the
            video.

    Returns:
        An iterator of ``Frame`` that closes the source at the end of its ``with`` block.

    Raises:
        ValueError: ``motion`` is not one of the above, or ``flow_weights`` are given without ``motion="flow"``.
        VideoError: The source cannot be opened. Also raised by the iterator where the source is damaged, after all
            frames that could be decoded.
        MotionUnavailable: ``motion="codec"`` for a source without vectors, or ``motion="flow"`` without its packages.

    Examples:
        >>> import warpseg
        >>> with warpseg.open_video("drive.mp4", max_frames=3) as video:
        ...     print(video.info.codec, video.info.size)
        ...     for frame in video:
        ...         print(frame.index, frame.picture, frame.motion_source, frame.motion.size)
        h264 (120, 160)
        0 I none (30, 40)
        1 B codec (30, 40)
        2 B codec (30, 40)
    """
    check("motion", motion, MOTIONS)
    chosen = MOTIONS[motion]
    if flow_weights is not None and not chosen.weights:
        raise ValueError(f"flow_weights are for motion 'flow', not {motion!r}")
    flow = chosen.load()(flow_weights) if chosen.code is not None else None
    pictures = open_pictures(source, start=start, end=end, max_frames=max_frames, options=options)
    if chosen.vectors == "required" and not pictures.info.has_vectors:
        pictures.close()
        what = f"{pictures.info.codec} video" if pictures.info.codec else "a source without a codec"
        raise MotionUnavailable(
            f"{pictures.info.name}: {what} has no motion vectors to read; choose motion auto or estimate"
        )
    return Video(pictures, motion, Tracker(flow), stages or Stages(), pipeline)


class _Seen:
    """A picture's type and reduced luma, kept for vectors that refer to it; the decoder's frame, which is large, is
    dropped.
    """

    def __init__(self, picture: Picture) -> None:
        self.type = picture.type
        self.size = picture.luma.shape  # coded orientation
        self._luma: NDArray[np.uint8] | None = picture.luma

    @cached_property
    def plane(self) -> Plane:
        assert self._luma is not None, "the plane is made at first use, which must come before forget()"
        return Plane.of(self._luma)

    def forget(self) -> None:
        """Drop the decoder's frame."""
        self._luma = None


class Video:
    """An iterator of ``Frame`` in display order, and a context manager; made by ``open_video``.

    It can be iterated once, and memory does not grow with the video.

    Attributes:
        info: Facts known before the first frame.
        decision: The chosen motion source and the reason, one line.
        motion: Frames so far by motion source.
        distances: Pixels so far by the distance, in frames, of the vectors that cover them.
        predicted: P- and B-frames so far whose vectors were read.
        covered: Sum over those frames of the share of the picture that vectors cover; the rest is intra.
        cuts: Numbers of the frames so far at which a new scene begins.

    Examples:
        >>> import warpseg
        >>> with warpseg.open_video("drive.mp4") as video:
        ...     count = sum(1 for frame in video)
        >>> count, video.decision
        (20, 'codec: h264 has motion vectors')
        >>> dict(video.motion), video.cuts
        ({'none': 1, 'codec': 19}, [])
    """

    def __init__(
        self,
        pictures: PictureReader,
        motion: str,
        tracker: Tracker,
        stages: Stages,
        pipeline: Pipeline | None = None,
    ) -> None:
        self._pictures = pictures
        self._stages = stages
        self._pipeline = pipeline or Inline()
        self._decoded = self._pipeline(_decoded(pictures, stages), waiting=_DECODED)
        self._wants_motion = MOTIONS[motion].moves
        self._uses_vectors = MOTIONS[motion].vectors != "unused" and pictures.info.has_vectors
        self._track = tracker
        self._damage: VideoError | None = None  # raised when everything before it has been yielded
        self._frames: Generator[Frame] = self._join()
        self._anchors = 0  # I- and P-frames so far; an I-frame settles it at once
        self.motion: Counter[str] = Counter()
        self.distances: Counter[int] = Counter()
        self.predicted: int = 0
        self.covered: float = 0.0
        self.cuts: list[int] = []
        self.info: VideoInfo = pictures.info
        codec = self.info.codec or "a source without a codec"
        self.decision: str = {
            "auto": f"codec: {codec} has motion vectors"
            if self.info.has_vectors
            else f"estimate: {codec} has no motion vectors to read",
        }.get(motion, f"{motion}: as asked")

    @property
    def warnings(self) -> list[str]:
        """Assumptions and substitutions so far, one line each."""
        lines = list(self._pictures.warnings)
        if self._wants_motion and self.motion["estimate"] and not self.decision.startswith("estimate: as"):
            why = "no or too few vectors in them" if self.info.has_vectors else "the source has no motion vectors"
            of_all = f"{self.motion['estimate']} of {self.motion.total()} frames"
            lines.append(f"motion of {of_all} was estimated: {why}")
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
        """Release the source, and stop the threads that read it."""
        self._pictures.interrupt()
        self._pipeline.close()
        with suppress(ValueError):  # a thread that waits for the source's next byte cannot be stopped
            self._frames.close()
            self._pictures.close()

    def _join(self) -> Generator[Frame]:
        _log.info("%s: motion by %s", self.info.name, self.decision)
        past: deque[_Seen] = deque(maxlen=_REMEMBERED)
        ahead: deque[tuple[Picture, _Seen]] = deque()
        is_cut = CutDetector()
        while True:
            if not ahead and not self._read(ahead):
                if self._damage:
                    raise self._damage
                return
            picture, seen = ahead.popleft()
            # A B-frame's future reference has been decoded before it, so waiting for it delays nothing.
            if seen.type == "B" and self._uses_vectors:
                while not _any_anchor(later for _, later in ahead) and len(ahead) < _LOOK_AHEAD and self._read(ahead):
                    pass
            with self._stages.measure("motion"):
                frame = self._frame(picture, seen, past, [later for _, later in ahead], is_cut)
                self.motion[frame.motion_source] += 1
                if frame.cut:
                    self.cuts.append(frame.index)
                seen.forget()
                past.append(seen)
                self._anchors += {"I": _SETTLED, "B": 0}.get(seen.type or "P", 1)
            yield frame
            del picture, frame  # drop our references so that both can be freed while the next ones are read

    def _read(self, ahead: deque[tuple[Picture, _Seen]]) -> bool:
        try:
            picture = next(self._decoded, None)
        except VideoError as error:
            picture, self._damage = None, error
        if picture is not None:
            ahead.append((picture, _Seen(picture)))
        return picture is not None

    def _frame(
        self, picture: Picture, seen: _Seen, past: deque[_Seen], ahead: list[_Seen], is_cut: CutDetector
    ) -> Frame:
        previous = past[-1] if past else None
        rotation, mirrored, convert = picture.rotation, picture.mirrored, picture.load

        def load() -> NDArray[np.uint8]:
            with self._stages.measure("colour conversion"):
                return convert()

        def frame(
            motion: MotionField, cut: bool, source: MotionSource, reverse: Callable[[], MotionField] | None = None
        ) -> Frame:
            plane = None
            if self._wants_motion:
                plane = turned_plane(seen.plane, rotation, mirrored=mirrored)
            return Frame(
                picture.index, picture.time, picture.size, motion, picture.type, cut, source, load, reverse, plane
            )

        resized = previous is not None and previous.size != seen.size
        if not self._wants_motion:
            return frame(MotionField.zero(confidence=0.0), resized, "none")
        if previous is None or resized:
            return frame(MotionField.zero(seen.plane.grid, confidence=0.0), resized, "none")
        usable = self._uses_vectors and self._anchors >= _SETTLED
        step = self._track(
            seen.plane,
            previous.plane,
            picture.vectors if usable else None,
            _candidates(past, ahead) if usable and picture.vectors is not None else {},
        )
        if usable and picture.type in ("P", "B"):
            self.predicted += 1
            if step.coded is not None:
                self.covered += step.coded.covered
                self.distances.update(step.coded.distances)
        cut = is_cut(seen.plane.luma, previous.plane.luma, step.motion.offsets.numpy())

        def turned(motion: MotionField) -> MotionField:
            return rotate(motion, rotation, mirrored=mirrored)

        def reverse() -> MotionField:
            with self._stages.measure("motion"):
                return turned(step.reverse())

        return frame(turned(step.motion), cut, step.source, reverse)


def _decoded(pictures: PictureReader, stages: Stages) -> Generator[Picture]:
    """Yield the pictures, decoding timed, and close their source."""
    try:
        while True:
            with stages.measure("decode"):
                picture = next(pictures, None)
            if picture is None:
                return
            yield picture
            del picture  # drop our reference so that it can be freed while the next one is decoded
    finally:
        pictures.close()


def _any_anchor(pictures: Iterable[_Seen]) -> bool:
    return any(seen.type != "B" for seen in pictures)


def _candidates(past: deque[_Seen], ahead: list[_Seen]) -> dict[int, Plane]:
    """Return the plane of every picture that a vector may point to, by its distance in frames."""
    found: dict[int, Plane] = {}
    anchors = 0
    for k, seen in enumerate(reversed(past), 1):
        is_anchor = seen.type != "B"
        anchors += is_anchor
        # B-frames serve as references as well (x264's b-pyramid): any since the last anchor but one may be pointed to.
        if k <= _NEARBY or anchors < 2 or (is_anchor and anchors <= _ANCHORS):
            found[-k] = seen.plane
    if not _any_anchor(ahead):
        return found  # reading ended before the future reference, and no other picture may stand for it
    return found | {k: seen.plane for k, seen in enumerate(ahead, 1)}
