"""Sources whose clock starts anew: one line of time for picture and sound, and a note."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.numbered import LENGTH, check_laws, number_of
from tests.support.recordings import record
from warpseg.sinks.audio import AudioTrack
from warpseg.sinks.videofile import VideoFile
from warpseg.video import open_pictures
from warpseg.video.reader import Clock

STEP = Fraction(1, 25)


def joined(path: Path, *starts: float, **given: str) -> Path:
    """Write parts of 50 frames with sound one after the other into one file, as ``cat`` does."""
    data = b""
    for index, start in enumerate(starts):
        layout = given.get("layout", "stereo") if index else "stereo"
        part = path.with_stem(f"part{index}")
        data += record(part, sound=True, start=start, layout=layout, sound_codec=given.get("sound_codec")).read_bytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
@pytest.mark.parametrize("starts", [(0, 0), (5000, 0), (10, 5, 0), (5, 5, 5)])
def test_a_clock_that_falls_is_joined(tmp_path: Path, suffix: str, starts: tuple[float, ...]) -> None:
    with open_pictures(joined(tmp_path / f"clip.{suffix}", *starts)) as reader:
        pictures = list(reader)
        assert len([line for line in reader.warnings if "the clock jumps from" in line]) == len(starts) - 1
    check_laws(pictures)
    assert len(pictures) == 50 * len(starts)
    assert [number_of(shown) for shown in pictures] == [index % LENGTH for index in range(50)] * len(starts)
    assert max(after.time - before.time for before, after in pairwise(pictures)) <= 3 * STEP


@pytest.mark.parametrize("sound_codec", ["aac", "ac3"])
@pytest.mark.parametrize("layout", ["stereo", "5.1", "mono"])
@pytest.mark.parametrize("starts", [(0, 0), (5000, 0), (5, 7)])
def test_sound_goes_on_with_the_picture(
    tmp_path: Path, sound_codec: str, layout: str, starts: tuple[float, float]
) -> None:
    source = joined(tmp_path / "clip.ts", *starts, layout=layout, sound_codec=sound_codec)
    with open_pictures(source) as reader:
        times = [shown.time for shown in reader]
    warnings: list[str] = []
    file = VideoFile(tmp_path / "sound.mp4")
    file.add_video(
        "mpeg4", (48, 80), "yuv420p", time_base=Fraction(1, 1000), frame_rate=Fraction(25), options={}, threads=1
    )
    track = AudioTrack.open(source, file, start=times[0], warnings=warnings)
    assert track is not None
    for time in times:
        file.encode(av.VideoFrame(80, 48, "yuv420p"), time - times[0])
        track.advance(time - times[0] + STEP)
    track.close()
    file.close()
    with av.open(str(tmp_path / "sound.mp4")) as container:
        frames = list(container.decode(audio=0))
    length = sum(frame.samples / frame.sample_rate for frame in frames)
    assert abs(length - 4) < 0.1
    begins = [frame.time or 0.0 for frame in frames]
    assert max(after - before for before, after in pairwise(begins)) < 0.1
    assert max(float(np.abs(frame.to_ndarray()).max()) for frame in frames[len(frames) // 2 + 5 : -5]) > 0.2


def test_a_single_wrong_time_changes_no_other(tmp_path: Path) -> None:
    """One packet far in the past, in a stream that goes on as before."""
    source = record(tmp_path / "source.ts", codec="mpeg2video")
    path = tmp_path / "clip.ts"
    with av.open(str(source)) as container, av.open(str(path), "w") as copy:
        target = copy.add_stream_from_template(container.streams.video[0])
        for index, packet in enumerate(container.demux(video=0)):
            if packet.dts is None:
                continue
            packet.stream = target
            if index == 25:
                packet.pts = packet.dts = (packet.dts or 0) - 90000
            try:
                copy.mux(packet)
            except av.FFmpegError:
                pytest.skip("this FFmpeg does not write times that fall")
    with open_pictures(path) as reader:
        times = [shown.time for shown in reader]
    assert times[-1] - times[0] == 49 * STEP


def test_a_time_given_twice_moves_the_frames_near_it_only() -> None:
    """In a recording at a varying rate, whose mean step is far longer than the steps at that place."""
    true = [Fraction(index, 30) for index in range(60)] + [2 + Fraction(3, 2) * index for index in range(1, 40)]
    for twice in (1, 30, 59, 70):
        stamps = list(true)
        stamps[twice] = stamps[twice - 1]
        clock = Clock("clip", Fraction(8), Fraction(0), [], fastest=Fraction(30))
        times = [clock.time(stamp) for stamp in stamps]
        assert all(before < after for before, after in pairwise(times))
        wrong = [index for index, (time, stamp) in enumerate(zip(times, true, strict=True)) if time != stamp]
        assert set(wrong) <= {twice}
