"""How long motion takes beside decoding."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from warpseg.engine.source import open_video
from warpseg.engine.timing import Stages
from warpseg.synthetic import Street
from warpseg.video.encode import encode

Row = dict[str, Any]

SIZES = {"720p": (720, 1280), "1080p": (1080, 1920)}
FILES = ("VID_1920x1080_cabac_temporal_direct.264", "vid_h264.mp4")  # 1080p with B-frames, 720p without
FRAMES = 90  # of a video at most


def measure(path: Path, motion: str, *, passes: int = 5, max_frames: int | None = None) -> Row:
    """Return milliseconds a frame by stage, and frames a second of a pass that does nothing else; medians.

    Decoders work ahead in threads of their own, so decoding is cheaper beside motion than alone: ``decode_alone_ms`` is
    a pass without motion, in turns with the others. ``reverse_ms`` is what motion the other way costs on top, which is
    found for those who ask (Algorithm 2).
    """
    laps: list[tuple[float, ...]] = []
    for lap in range(passes + 1):  # the first warms up
        alone, both = Stages(), Stages()
        _pass(path, "none", alone, max_frames)
        frames, _, seconds = _pass(path, motion, both, max_frames)
        _, reverse, _ = _pass(path, motion, Stages(), max_frames, reverse=True)
        if lap:
            spent = (alone.seconds["decode"], both.seconds["decode"], both.seconds["motion"], reverse, seconds)
            laps.append(tuple(value / frames for value in spent))
    *stages, whole = (float(value) for value in np.median(laps, axis=0))
    names = ("decode_alone_ms", "decode_ms", "motion_ms", "reverse_ms")
    return {**{name: 1000 * value for name, value in zip(names, stages, strict=True)}, "fps": 1 / whole}


def _pass(
    path: Path, motion: str, stages: Stages, max_frames: int | None, *, reverse: bool = False
) -> tuple[int, float, float]:
    """Return frames, seconds spent on motion the other way, and seconds in all."""
    frames, spent, began = 0, 0.0, time.perf_counter()
    with open_video(path, motion=motion, stages=stages, max_frames=max_frames) as video:
        for frame in video:
            frames += 1
            if reverse:
                started = time.perf_counter()
                _ = frame.reverse
                spent += time.perf_counter() - started
    return frames, spent, time.perf_counter() - began


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
        with open_video(path, motion="none", max_frames=frames) as video:
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
