"""Real test material as objects with known properties; where a machine has none of it, tests skip and say so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("WARPSEG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@dataclass(frozen=True)
class Asset:
    """A video with what is known about it, found out with ffprobe and by decoding it."""

    name: str
    frames: int
    size: tuple[int, int]  # (height, width) of the first frame as displayed
    codec: str = "h264"
    rotation: int = 0  # degrees counter-clockwise from coded to displayed
    timestamps: bool = True
    damaged: bool = False
    start: Fraction = Fraction(0)

    @property
    def path(self) -> Path:
        """Where the file is; skips the test where it is not."""
        return data_path(f"video/{self.name}")

    def __str__(self) -> str:
        return self.name


def data_path(relative: str) -> Path:
    """Return a file or folder of the test material, or skip the test."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"test material {path} is absent; set WARPSEG_TEST_DATA")
    return path


DASHCAM = Asset("solidWhiteRight.mp4", 221, (540, 960))
STREET = Asset("VID_1920x1080_cabac_temporal_direct.264", 54, (1080, 1920), timestamps=False)
FILM_H264 = Asset("vid_h264.mp4", 337, (720, 1280))
FILM_MPEG4 = Asset("vid_mpeg4_part2.mp4", 337, (720, 1280), codec="mpeg4")
CORRUPTED = Asset("corrupted.mp4", 49, (720, 1280), damaged=True)
SIZE_CHANGE = Asset("Error_I_P.264", 6, (288, 352), timestamps=False)
LOST_FRAMES = Asset("BA_MW_D_P_LOST.264", 99, (144, 176), timestamps=False)
BASELINE = Asset("BA1_FT_C.264", 299, (288, 352), timestamps=False)
CABAC = Asset("test_cif_P_CABAC_slice.264", 300, (288, 352), timestamps=False)
QUARTER_TURN = Asset("video_90.mov", 3, (568, 320), rotation=270)
HALF_TURN = Asset("video_180.mov", 3, (320, 568), rotation=180)
FIRE = Asset("fire2.mp4", 25, (720, 1280), rotation=180)
UNORDERED = Asset("unordered.mov", 4, (50, 50))
NO_DURATION = Asset("no_duration.webm", 74, (720, 1280), codec="vp9")
NASA = Asset("nasa_13013.mp4", 325, (180, 320))
NASA_ROTATED = Asset("nasa_13013_rotated.mp4", 17, (480, 270), rotation=90)
NASA_VFR = Asset("nasa_13013_vfr.mp4", 50, (270, 480))
VARIABLE_RATE = Asset("var_fps_video.mp4", 300, (128, 128))
HEVC = Asset("h265_video.mp4", 10, (128, 128), codec="hevc")
VP9 = Asset("testsrc2_vp9.webm", 30, (720, 1280), codec="vp9")
AV1 = Asset("av1_video.mkv", 125, (360, 640), codec="av1")
TEN_BITS = Asset("h264_10bits.mp4", 30, (200, 200))
LATE_START = Asset("test_non_zero_start.mp4", 12, (112, 200), start=Fraction(127995, 15360))
ODD_444 = Asset("testsrc2_odd_height_and_width_444.mp4", 25, (241, 321))
ODD_MPEG2 = Asset("testsrc2_odd_height_and_width_mpeg2.mp4", 10, (81, 121), codec="mpeg2video")

VIDEOS = tuple(value for value in list(globals().values()) if isinstance(value, Asset))
