"""Inspection of a source: stream, picture types, motion and its quality, over sampled frames."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeVar

from warpseg.engine.source import Source, open_video
from warpseg.errors import VideoError
from warpseg.measure.video.counters import FrameTimes, PictureTypes, spread
from warpseg.measure.video.quality import Pair, Quality, Sums, psnr
from warpseg.measure.video.suggest import suggest
from warpseg.types import Frame, VideoInfo
from warpseg.video.options import SourceOptions
from warpseg.video.probe import StreamFacts, read_facts

__all__ = ["Inspection", "Measured", "inspect"]

K = TypeVar("K")


@dataclass(frozen=True)
class Measured:
    """Error of motion over ``distance`` frames, on ``pairs`` of frames."""

    distance: int
    pairs: int
    warped: float  # mean squared error of luma in grey levels, the earlier picture moved along its motion
    still: float  # not moved

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an infinite PSNR is None."""
        numbers = {"psnr": psnr(self.warped), "psnr_zero_motion": psnr(self.still)}
        finite = {key: None if math.isinf(value) else value for key, value in numbers.items()}
        return {
            "distance": self.distance,
            "pairs": self.pairs,
            "mse": self.warped,
            "mse_zero_motion": self.still,
        } | finite


@dataclass(frozen=True)
class Inspection:
    """Facts of one source."""

    video: VideoInfo
    stated: StreamFacts
    times: FrameTimes
    pictures: PictureTypes
    whole: bool  # every frame of the source was looked at
    decision: str  # the motion source that was chosen, and why
    motion: Counter[str]  # frames by motion source
    distances: Counter[int]  # pixels of picture by the distance in frames of the vector that covers them, past negative
    intra: float | None  # share of the area of P- and B-frames that no vector covers; None where none was looked at
    cuts: list[int]  # frame numbers at which a scene begins
    compared_at: tuple[int, int] | None  # (height, width) of the luma that ``quality`` is measured on
    quality: Measured | None  # of each frame against the one before it; None where there were no two of one scene
    curve: list[Measured]  # of frames further back, on smaller luma
    interval: int | None
    why: str  # that interval
    notes: list[str] = field(default_factory=list)  # what was assumed or substituted
    error: str | None = None  # why the source could not be read to the end of what was asked

    @property
    def frames(self) -> tuple[int, Literal["counted", "stated", "estimated"]] | None:
        """The source's number of frames, and how that is known; None where it is not."""
        if self.whole:
            return self.times.count, "counted"
        count = self.video.frame_count
        if count is None:
            return None
        if self.video.container == "images":
            return count, "counted"
        return count, "stated" if count == self.stated.frames else "estimated"

    @property
    def duration(self) -> Fraction | None:
        """Seconds: as the container states it, else by the frames and their rate."""
        rate = self.video.frame_rate
        return self.stated.duration or (self.frames[0] / rate if self.frames and rate else None)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON: fractions as strings, shares from 0 to 1."""
        count, known = self.frames or (None, None)
        pictures = self.pictures
        return {
            "source": self.video.name,
            "complete": self.error is None,
            "error": self.error,
            "container": self.video.container,
            "codec": self.video.codec,
            "profile": self.stated.profile,
            "width": self.video.size[1],
            "height": self.video.size[0],
            "rotation": self.video.rotation,
            "pixel_aspect": str(self.video.sample_aspect_ratio),
            "pixel_format": self.stated.pixel_format,
            "bits": self.stated.bits,
            "bit_rate": self.stated.bit_rate,
            "frame_rate": _text(self.video.frame_rate),
            "constant_rate": self.times.constant if self.stated.has_timestamps else None,
            "frame_seconds": {"least": _text(self.times.shortest), "greatest": _text(self.times.longest)},
            "timestamps": self.stated.has_timestamps,
            "duration": _text(self.duration),
            "frames": count,
            "frames_known": known,
            "audio": None if self.stated.audio is None else [asdict(sound) for sound in self.stated.audio],
            "analysed": {
                "frames": self.times.count, "first": _text(self.times.first), "last": _text(self.times.last)
            },
            "picture_types": _shares(pictures.counts),
            "gop": {
                "length": spread(pictures.groups), "b_frames": spread(pictures.between), "pattern": pictures.pattern
            },
            "vector_distances": {f"{distance:+d}": share for distance, share in _shares(self.distances).items()},
            "intra": self.intra,
            "decision": self.decision,
            "motion": _shares(self.motion),
            "scene_cuts": self.cuts,
            "compared_at": self.compared_at and {"width": self.compared_at[1], "height": self.compared_at[0]},
            "warp_quality": None if self.quality is None else self.quality.to_dict(),
            "frozen": self.quality is not None and self.quality.warped == self.quality.still == 0,
            "warp_quality_by_distance": [measured.to_dict() for measured in self.curve],
            "suggested_interval": self.interval,
            "why": self.why,
            "notes": self.notes,
        }  # fmt: skip


def inspect(
    source: Source,
    *,
    start: float | None = None,
    end: float | None = None,
    max_frames: int | None = 300,
    options: SourceOptions | None = None,
    motion: str = "auto",
    watch: Callable[[Frame, Pair | None], None] | None = None,
) -> Inspection:
    """Inspect ``max_frames`` frames of a source (None: all of them).

    ``start`` and ``end`` are seconds after the first frame, ``motion`` and ``options`` are as for ``open_video``.
    ``watch`` is called with every frame and its error against the previous frame (None at a scene's first). Memory does
    not grow with the number of frames. Raises ``VideoError`` where no frame can be read; later damage is reported in
    ``Inspection.error``.
    """
    stated = read_facts(source, options)
    error: VideoError | None = None
    with open_video(source, start=start, end=end, max_frames=max_frames, motion=motion, options=options) as video:
        times, pictures, quality = FrameTimes(video.info.time_base), PictureTypes(), Quality()
        try:
            for frame in video:
                times.add(frame.time)
                pictures.add(frame.picture)
                pair = quality.add(frame)
                if watch is not None:
                    watch(frame, pair)
        except VideoError as damage:
            if not times.count:
                raise
            error = damage
    interval, why = suggest(quality.back)
    step = _measured(1, quality.step)
    return Inspection(
        video=video.info,
        stated=stated,
        times=times,
        pictures=pictures,
        whole=error is None and start is None and end is None and (max_frames is None or times.count < max_frames),
        decision=video.decision,
        motion=video.motion,
        distances=video.distances,
        intra=1 - video.covered / video.predicted if video.predicted else None,
        cuts=video.cuts,
        compared_at=quality.size,
        quality=step,
        curve=[found for distance, sums in quality.back.items() if (found := _measured(distance, sums))],
        interval=interval,
        why=why,
        notes=video.warnings,
        error=None if error is None else str(error),
    )


def _measured(distance: int, sums: Sums) -> Measured | None:
    if not sums.pairs:
        return None
    return Measured(distance, sums.pairs, sums.warped / sums.pairs, sums.still / sums.pairs)


def _shares(counts: Counter[K]) -> dict[K, float]:
    return {key: count / counts.total() for key, count in counts.most_common()}


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
