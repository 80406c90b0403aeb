"""How long motion takes beside decoding."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from warpseg.source import Video, open_video
from warpseg.synthetic import Street, encode
from warpseg.timing import Stages

Row = dict[str, Any]

SIZES = {"720p": (720, 1280), "1080p": (1080, 1920)}
FILES = ("VID_1920x1080_cabac_temporal_direct.264", "vid_h264.mp4")  # 1080p with B-frames, 720p without
FRAMES = 90  # of a video at most


def open_with(path: Path, motion: str, *, stages: Stages | None = None, max_frames: int | None = None) -> Video:
    """Open a video with one motion source: the only place here that knows how they are asked for."""
    asked = {"auto": True, "none": False}
    if motion not in asked:
        raise SystemExit(f"motion source {motion!r}: there are {', '.join(asked)}")
    return open_video(path, motion=asked[motion], stages=stages, max_frames=max_frames)


def measure(path: Path, motion: str, *, passes: int = 5, max_frames: int | None = None) -> Row:
    """Return milliseconds a frame by stage, and frames a second of a pass that does nothing else; medians.

    Decoders work ahead in threads of their own, so decoding is cheaper beside motion than alone: ``decode_alone_ms`` is
    a pass without motion, in turns with the others.
    """
    laps: list[tuple[float, float, float, float]] = []
    for lap in range(passes + 1):  # the first warms up
        alone, both = Stages(), Stages()
        _pass(path, "none", alone, max_frames)
        started = time.perf_counter()
        frames = _pass(path, motion, both, max_frames)
        seconds = time.perf_counter() - started
        if lap:
            stages = (alone.seconds["decode"], both.seconds["decode"], both.seconds["motion"], seconds)
            laps.append(tuple(value / frames for value in stages))  # type: ignore[arg-type]
    alone_s, decode, moving, whole = np.median(laps, axis=0)
    return {
        "decode_alone_ms": 1000 * float(alone_s),
        "decode_ms": 1000 * float(decode),
        "motion_ms": 1000 * float(moving),
        "fps": 1 / float(whole),
    }


def _pass(path: Path, motion: str, stages: Stages, max_frames: int | None) -> int:
    with open_with(path, motion, stages=stages, max_frames=max_frames) as video:
        return sum(1 for _ in video)


def rows(data: Path, folder: Path, sources: Sequence[str], *, frames: int | None = None) -> Iterator[Row]:
    """Yield a row for each large video and motion source: synthetic streets in x264's defaults, and real files."""
    frames = frames or FRAMES
    videos = {}
    for name, size in SIZES.items():
        path = videos[f"street {name}, x264 defaults"] = folder / f"street{name}.mp4"
        street = Street(seed=5, size=size)
        encode((street.still(i)[0] for i in range(frames)), path, options={"crf": "23"})
    videos |= {name: data / "video" / name for name in FILES if (data / "video" / name).exists()}
    for name, path in videos.items():
        with open_with(path, "none", max_frames=frames) as video:
            types = [frame.picture for frame in video]
        for source in sources:
            yield {
                "video": name,
                "size": video.info.size,
                "frames": len(types),
                "b_frames": types.count("B"),
                "motion": source,
                **measure(path, source, max_frames=frames),
            }
