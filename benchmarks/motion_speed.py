"""Motion speed: milliseconds per frame of decoding and of motion at 720p and 1080p."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._lib.context import Context
from benchmarks._lib.motion import cost, measure
from warpseg.engine.source import open_video
from warpseg.synthetic import Street
from warpseg.video.encode import encode

Row = dict[str, Any]

SIZES = {"720p": (720, 1280), "1080p": (1080, 1920)}
FILES = {
    "VID_1920x1080_cabac_temporal_direct.264": "1080p, B-frames",
    "vid_h264.mp4": "720p, no B-frames",
}
SOURCES = ("codec", "estimate")


def run(context: Context) -> list[Row]:
    """Return a row per large video and motion source: synthetic streets in x264's defaults, and real files."""
    frames = context.pick(90, 6)
    videos = {}
    for name, size in context.pick(SIZES, {"720p": (96, 160)}).items():
        path = videos[f"street {name}, x264 defaults"] = context.scratch / f"street{name}.mp4"
        street = Street(seed=5, size=size)
        encode((street.still(i)[0] for i in range(frames)), path, options={"crf": "23"})
    videos |= {name: context.video(name) for name in context.pick([*FILES], [])}
    rows = []
    for name, path in videos.items():
        with open_video(path, motion="none", max_frames=frames) as video:
            types = [frame.picture for frame in video]
        for source in SOURCES:
            row: Row = {"video": name, "size": list(video.info.size), "frames": len(types)}
            row |= {"b_frames": types.count("B"), "motion": source}
            row |= measure(path, source, passes=context.pick(5, 1), max_frames=frames)
            print(
                f"{name:42} {row['b_frames']:3} B of {row['frames']:3} {source:8} {cost(row)}, "
                f"decode + motion {row['fps']:.1f} fps",
                flush=True,
            )
            rows.append(row)
    return rows


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield milliseconds and frames per second per video."""
    yield "| video | decode | motion from vectors | estimated | decode and motion, from vectors |"
    yield "|---|---|---|---|---|"
    for video in dict.fromkeys(row["video"] for row in rows):
        codec, estimate = (
            next(row for row in rows if (row["video"], row["motion"]) == (video, source)) for source in SOURCES
        )
        name = f"`{video}`, {FILES[video]}" if video in FILES else video
        motion = [f"{row['motion_ms']:.1f} + {row['reverse_ms']:.1f} ms" for row in (codec, estimate)]
        yield f"| {name} | {codec['decode_alone_ms']:.1f} ms | {' | '.join(motion)} | {codec['fps']:.0f} fps |"


PAGES = {"docs/motion.md#speed": tables}
