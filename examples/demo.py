"""Segment a video and show the result: ``python examples/demo.py [VIDEO]``.

Without one, a synthetic drive is rendered first.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageOps

from warpseg import Report, Segmenter, VideoInfo, WarpsegError, process
from warpseg.video import open_pictures

OUT = Path("out/demo")


def synthetic_drive() -> Path:
    """Render ten seconds of a street as H.264 with B-frames, 640x480."""
    from warpseg.synthetic import Street
    from warpseg.video.encode import encode

    path = OUT / "street.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    print("rendering a synthetic drive ...", flush=True)
    encode((frame.pixels for frame in Street(seed=7, size=(480, 640)).frames(150)), path, rate=15)
    return path


def show_progress(report: Report, info: VideoInfo) -> None:
    """Print the progress, every 50 frames."""
    if report.frames % 50 == 0:
        print(f"  frame {report.frames}: {report.frames_per_second:.1f} frames a second", flush=True)


def picture(video: Path, overlay: Path, path: Path, count: int = 3) -> None:
    """Write a picture of ``count`` moments: the video above, the overlay below."""
    with open_pictures(overlay) as pictures:
        total = sum(1 for _ in pictures)
    moments = {round((i + 0.5) * total / count) for i in range(count)}
    rows = []
    for source in (video, overlay):
        with open_pictures(source) as pictures:
            shown = [Image.fromarray(picture.load()) for i, picture in enumerate(pictures) if i in moments]
        rows.append(np.hstack([np.asarray(ImageOps.contain(image, (480, 480))) for image in shown]))
    Image.fromarray(np.vstack([row[:, : min(row.shape[1] for row in rows)] for row in rows])).save(path)


def main() -> None:
    """Run the demo."""
    started = time.perf_counter()
    video = Path(sys.argv[1]) if len(sys.argv) > 1 else synthetic_drive()
    segmenter = Segmenter("camvid", scheme="interpolate", interval=5)
    print("compiling kernels (once) ...", flush=True)
    with TemporaryDirectory() as folder:
        process(segmenter, video, folder, max_frames=11)
    print(f"segmenting {video}: the network on every 5th frame, motion vectors in between", flush=True)
    report = process(segmenter, video, OUT, overwrite=True, progress=show_progress)
    picture(video, report.folder / "overlay.mp4", report.folder / "picture.png")
    print(
        f"\n{report.frames} frames, {report.keyframes} of them through the network, "
        f"{report.frames_per_second:.1f} frames a second to overlay and masks; "
        f"{time.perf_counter() - started:.0f} s in all"
    )
    if report.speed_up:
        print(f"speed-up over the network on every frame: {report.speed_up:.1f}x")
    for what, name in (("overlay", "overlay.mp4"), ("masks", "masks.mkv"), ("picture", "picture.png")):
        print(f"{what:8} {report.folder / name}")


if __name__ == "__main__":
    try:
        main()
    except WarpsegError as error:
        sys.exit(f"error: {error}")
