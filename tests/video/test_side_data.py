"""What is attached to frames: colour profiles, EXIF, captions and the like never end the process, vectors are read."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.codec.codec import UnknownCodecError
from av.video.stream import VideoStream
from PIL import Image, ImageCms, ImageOps

from tests.support.numbered import SIZE, picture
from warpseg.video import open_pictures

# In a process of its own, because the fault to be found ends it.
READ_ALL = """
import sys
from warpseg.errors import VideoError
from warpseg.video import open_pictures
for path in sys.argv[1:]:
    with open(path, "rb") as file, open_pictures(file) as reader:  # by content, as from a pipe
        pictures = list(reader)
    assert pictures and all(shown.load().shape == (*shown.size, 3) for shown in pictures), path
    print(path)
"""


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int = 1) -> Image.Exif:
    held = Image.Exif()
    held[0x0110], held[0x0112] = "camera", orientation
    return held


def read_apart(paths: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(path) for path in paths]


def test_pictures_with_profiles_and_exif_are_read(tmp_path: Path) -> None:
    paths = []
    for name in ("shot.png", "photo.jpg", "scan.tif", "web.webp"):
        paths.append(tmp_path / name)
        Image.fromarray(picture(3)).save(paths[-1], icc_profile=profile(), exif=exif())
    frames = [Image.fromarray(picture(index)) for index in range(3)]
    paths.append(tmp_path / "moving.apng")
    frames[0].save(paths[-1], format="PNG", save_all=True, append_images=frames[1:], icc_profile=profile())
    read_apart(paths)


@pytest.mark.parametrize("suffix", ["mov", "mkv", "nut", "avi"])
def test_side_data_of_every_encoder_is_read(tmp_path: Path, suffix: str) -> None:
    """Each encoder gets frames with a profile and EXIF attached, and passes on what it can."""
    Image.fromarray(picture(3)).save(tmp_path / "source.png", icc_profile=profile(), exif=exif())
    with av.open(str(tmp_path / "source.png")) as container:
        source = next(container.decode(video=0))
    paths = []
    for codec in sorted(av.codecs_available):
        path = tmp_path / f"{codec}.{suffix}"
        try:
            _encode(path, codec, source)
        except (UnknownCodecError, ValueError, OSError, av.FFmpegError):
            continue  # not an encoder of pictures, of this size, or not for this container
        paths.append(path)
    assert len(paths) > 10
    assert suffix != "mov" or {"png.mov", "mjpeg.mov", "libx264.mov"} <= {path.name for path in paths}
    read_apart(paths)


def _encode(path: Path, codec: str, source: av.VideoFrame) -> None:
    formats = [held.name for held in av.Codec(codec, "w").video_formats or []]
    if not formats:
        raise ValueError(codec)
    chosen = next((held for held in ("yuvj420p", "yuv420p") if held in formats), formats[0])
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25))
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, chosen
        stream.codec_context.thread_count = 1
        for index in range(3):
            frame = source.reformat(format=chosen)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_exif_turns_frames_of_a_video_too(tmp_path: Path, suffix: str, orientation: int) -> None:
    still = tmp_path / f"held.{suffix}"
    rows, columns = np.indices(SIZE)
    pixels = np.stack([3 * rows, 2 * columns, 0 * rows], -1).astype(np.uint8)
    Image.fromarray(pixels).save(still, exif=exif(orientation), icc_profile=profile())
    with still.open("rb") as file, open_pictures(file) as reader:
        shown = next(reader).load()
    with Image.open(still) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    assert reader.info.size == expected.shape[:2]
    assert np.abs(shown - expected).max() < 12
