"""``warpseg segment``: what it writes, and that each kind of bad input gets one clear line and the right exit code."""

from __future__ import annotations

import csv
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.assets import CORRUPTED, SIZE_CHANGE, STREET, data_path
from tests.support.command import TINY, facts, mask_frames, moving, one_line
from tests.support.tiny_models import MODELS
from warpseg import Segmenter, process
from warpseg.cli import app
from warpseg.errors import OutputError
from warpseg.video import open_pictures
from warpseg.video.encode import encode


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    encode(moving(12), path, rate=25)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def command(*arguments: str | Path, model: str = TINY) -> Result:
        words = ["segment", *map(str, arguments), "--out", str(tmp_path / "out"), "--model", model, "--device", "cpu"]
        return CliRunner().invoke(app, words)

    return command


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "frames.csv").read_text().splitlines()))


def png(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def mask_times(path: Path) -> list[int | None]:
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def test_all_outputs_are_written_and_agree(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(clip, "--save", "overlay,masks,images,stats", "--interval", "4")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "clip"
    names = {path.name for path in folder.iterdir()}
    assert names == {"overlay.mp4", "masks.mkv", "images", "frames.csv", "classes.json", "run.json"}
    run_facts = facts(folder)
    assert run_facts["complete"] is True
    assert (run_facts["frames"], run_facts["keyframes"]) == (12, 3)
    assert run_facts["delay"] == {"frames": 4, "ms": 160.0}
    assert run_facts["carried"] == "scores"
    table = rows(folder)
    assert [int(row["distance"]) for row in table] == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 3]
    assert [row["keyframe"] for row in table] == ["1", "0", "0", "0"] * 3
    masks = mask_frames(folder / "masks.mkv")
    for i, mask in enumerate(masks):
        assert np.array_equal(png(folder / "images" / f"frame_{i:06d}.png"), mask)
        shares = [float(table[i][f"class {k}"]) for k in range(5)]
        assert shares == pytest.approx([(mask == k).mean() for k in range(5)], abs=1e-6)


def test_confidence_is_what_the_library_says(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(clip, "--save", "masks,confidence", "--interval", "4")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "clip"
    assert facts(folder)["saved"] == ["masks", "confidence"]
    written = mask_frames(folder / "confidence.mkv")
    results = list(Segmenter(TINY, interval=4, device="cpu").stream(clip))
    for frame, expected in zip(written, results, strict=True):
        assert expected.confidence is not None
        assert np.array_equal(frame, np.round(255 * expected.confidence.numpy()))
        assert (frame == 255).all() or not expected.is_key
    assert any((frame < 255).any() for frame in written)
    assert mask_times(folder / "confidence.mkv") == mask_times(folder / "masks.mkv")


@pytest.mark.parametrize(
    "words",
    [
        ["--scheme", "propagate", "--fusion", "average"],
        ["--scheme", "every", "--fusion", "average"],
        ["--scheme", "copy", "--interval", "1"],
    ],
    ids=" ".join,
)
def test_confidence_by_scheme(run: Callable[..., Result], clip: Path, tmp_path: Path, words: list[str]) -> None:
    result = run(clip, "--save", "confidence", *words)
    assert result.exit_code == 0, result.output
    written = mask_frames(tmp_path / "out" / "clip" / "confidence.mkv")
    assert (written[0] == 255).all()
    assert all(frame.any() for frame in written)
    assert "written as 0" not in result.stderr


def test_every_fusion_has_confidence_on_request_and_stays_what_it_is(clip: Path, tmp_path: Path) -> None:
    segmenter = Segmenter(TINY, fusion="average", interval=4, device="cpu")
    plain, judged = list(segmenter.stream(clip)), list(segmenter.stream(clip, confidence=True))
    for one, other in zip(plain, judged, strict=True):
        assert torch.equal(one.scores, other.scores)
        assert one.is_key or (one.confidence is None and other.confidence is not None)
    process(segmenter, clip, tmp_path, save=["confidence"])
    with open_pictures(tmp_path / "clip" / "confidence.mkv") as written:
        values = [picture.luma for picture in written]
    assert len(values) == len(plain)
    for value, result in zip(values, judged, strict=True):
        assert result.confidence is not None
        assert np.array_equal(value, (255 * result.confidence.numpy()).round())


@pytest.mark.parametrize("words", [["--scheme", "copy"], ["--motion", "none"]], ids=" ".join)
def test_confidence_that_cannot_be_measured_is_refused(
    run: Callable[..., Result], clip: Path, tmp_path: Path, words: list[str]
) -> None:
    result = run(clip, "--save", "masks,confidence", *words)
    assert result.exit_code == 1
    one_line(result, "confidence is not available", words[1], "choose scheme propagate")
    assert not (tmp_path / "out").exists()


def test_chained_maps_have_no_confidence(clip: Path, tmp_path: Path) -> None:
    segmenter = Segmenter(TINY, scheme="propagate", propagation="chained", device="cpu")
    with pytest.raises(OutputError, match="propagation composed"):
        process(segmenter, clip, tmp_path, save=["confidence"])
    assert not any(tmp_path.iterdir())


def test_json_is_the_run(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(clip, "--save", "stats", "--json")
    assert json.loads(result.stdout) == facts(tmp_path / "out" / "clip")


def test_equal_stems_are_numbered(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "clip.mkv"
    encode(moving(3), other, rate=25)
    assert run(clip, other, "--save", "stats").exit_code == 0
    assert facts(tmp_path / "out" / "clip")["frames"] == 12
    assert facts(tmp_path / "out" / "clip_2")["frames"] == 3


def test_existing_outputs_are_refused_unless_overwritten(
    run: Callable[..., Result], clip: Path, tmp_path: Path
) -> None:
    assert run(clip, "--save", "stats").exit_code == 0
    before = (tmp_path / "out" / "clip" / "run.json").read_bytes()
    refused = run(clip, "--save", "stats")
    assert refused.exit_code == 1
    one_line(refused, "clip", "frames.csv", "--overwrite")
    assert (tmp_path / "out" / "clip" / "run.json").read_bytes() == before
    assert run(clip, "--save", "stats", "--overwrite", "--max-frames", "5").exit_code == 0
    assert facts(tmp_path / "out" / "clip")["frames"] == 5


def test_a_range_keeps_frame_numbers(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--save", "stats", "--start", "0.2", "--end", "0:00.32").exit_code == 0
    table = rows(tmp_path / "out" / "clip")
    assert [int(row["frame"]) for row in table] == [5, 6, 7]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"this is no video\n" * 99, "notes.txt"),
        (b"", "empty.mp4"),
        (b"<!doctype html><html></html>\n" * 30, "page.mp4"),
    ],
    ids=["not a video", "empty", "HTML named mp4"],
)
def test_no_video(run: Callable[..., Result], tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    result = run(tmp_path / name)
    assert result.exit_code == 1
    one_line(result, name)
    assert not list((tmp_path / "out").glob("**/*"))


def test_one_bad_source_does_not_cost_the_others(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "missing.mp4", clip, "--save", "masks")
    assert result.exit_code == 1
    one_line(result, "missing.mp4")
    assert facts(tmp_path / "out" / "clip")["complete"] is True


def test_json_tells_of_failures_too(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "missing.mp4", clip, "--save", "stats", "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert (first["complete"], second["complete"]) == (False, True)
    assert "missing.mp4" in first["error"]


def test_a_failing_model_costs_one_line_a_source(run: Callable[..., Result], clip: Path) -> None:
    result = run(clip, model=f"py:{MODELS}:broken")
    assert result.exit_code == 1
    one_line(result, "no such thing as")
    assert run(clip, model=f"py:{MODELS}:unbuildable").exit_code == 2


def test_notes_of_a_range_without_frames(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    result = run(clip, "--start", "99")
    assert result.exit_code == 1
    one_line(result, "clip.mp4")
    assert list((tmp_path / "out").iterdir()) == []  # and the user's own folder is still there


def test_damaged_after_some_frames(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(CORRUPTED.path)
    assert result.exit_code == 1
    one_line(result, "corrupted.mp4", "damaged")
    folder = tmp_path / "out" / "corrupted"
    run_facts = facts(folder)
    assert run_facts["complete"] is False
    assert "damaged" in str(run_facts["error"])
    assert len(mask_frames(folder / "masks.mkv")) == run_facts["frames"] == CORRUPTED.frames
    assert len((folder / "frames.csv").read_text().splitlines()) == CORRUPTED.frames + 1
    assert (folder / "overlay.mp4").exists()


def test_cut_off_file(run: Callable[..., Result], tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    encode(moving(40), whole, rate=25, options={"g": "8"})
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = run(cut, "--save", "masks")
    frames = facts(tmp_path / "out" / "cut")["frames"]
    assert isinstance(frames, int)
    assert 0 < frames < 40
    assert len(mask_frames(tmp_path / "out" / "cut" / "masks.mkv")) == frames
    assert result.exit_code == 1
    one_line(result, "cut.mkv")


def test_size_change(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(SIZE_CHANGE.path, "--save", "overlay,masks,images,stats")
    folder = tmp_path / "out" / SIZE_CHANGE.path.stem
    run_facts = facts(folder)
    assert run_facts["frames"] == SIZE_CHANGE.frames
    warnings = [line for line in result.stderr.splitlines() if "picture changes" in line]
    assert len(warnings) == 1
    masks = mask_frames(folder / "masks.mkv")
    assert {mask.shape for mask in masks} == {SIZE_CHANGE.size}
    assert len({png(path).shape for path in (folder / "images").iterdir()}) > 1


def test_odd_sizes(run: Callable[..., Result], tmp_path: Path) -> None:
    odd = tmp_path / "odd.mkv"
    encode([frame[:63, :95] for frame in moving(6)], odd, rate=25, codec="ffv1", pixel_format="yuv444p")
    result = run(odd)
    assert result.exit_code == 0, result.output
    assert mask_frames(tmp_path / "out" / "odd" / "masks.mkv")[0].shape == (63, 95)
    with av.open(str(tmp_path / "out" / "odd" / "overlay.mp4")) as container:
        assert (container.streams.video[0].height, container.streams.video[0].width) == (64, 96)


@pytest.mark.parametrize("name", ["testsrc2_odd_height_and_width_444.mp4", "h264_10bits.mp4", "no_duration.webm"])
def test_unusual_files(run: Callable[..., Result], tmp_path: Path, name: str) -> None:
    path = data_path(f"video/{name}")
    result = run(path, "--max-frames", "8")
    assert result.exit_code == 0, result.output
    assert facts(tmp_path / "out" / path.stem)["complete"] is True


def test_no_timestamps(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(STREET.path, "--save", "masks,stats", "--max-frames", "6")
    assert result.exit_code == 0, result.output
    assert "no timestamps" in result.stderr
    table = rows(tmp_path / "out" / STREET.path.stem)
    assert [float(row["time"]) for row in table] == pytest.approx([i / 25 for i in range(6)])


def test_more_than_255_classes(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    result = run(clip, "--save", "masks,images", model=f"py:{MODELS}:many")
    assert result.exit_code == 0, result.output
    with av.open(str(tmp_path / "out" / "clip" / "masks.mkv")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "gray16le"
        values = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(video=0)])
    assert values.dtype == np.uint16
    assert 255 < values.max() < 300


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("nonsense", "nonsense"),
        ("deeplab-resnet101", "without weights"),
        ("deeplab-resnet101:missing.safetensors", "missing.safetensors"),
        ("py:missing.py:net", "missing.py"),
    ],
)
def test_missing_model(run: Callable[..., Result], clip: Path, tmp_path: Path, model: str, expected: str) -> None:
    result = run(clip, model=model)
    assert result.exit_code == 2
    one_line(result, expected)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--interval", "0"],
        ["--scheme", "magic"],
        ["--save", "films"],
        ["--start", "soon"],
        ["--start", "3", "--end", "2"],
        ["--max-frames", "0"],
    ],
    ids=lambda words: " ".join(words),
)
def test_usage(run: Callable[..., Result], clip: Path, words: list[str]) -> None:
    assert run(clip, *words).exit_code == 2


def test_unwritable_output(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = CliRunner().invoke(
        app, ["segment", str(clip), "--out", str(tmp_path / "file" / "deeper"), "--model", TINY, "--device", "cpu"]
    )
    assert result.exit_code == 1
    one_line(result, "file", "choose another output folder")


def in_own_process(*words: str | Path, limit: int | None = None) -> subprocess.Popen[str]:
    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "warpseg", "segment", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=prepare,
    )  # fmt: skip


def test_full_disk(tmp_path: Path) -> None:
    noisy = tmp_path / "noisy.mkv"
    random = np.random.default_rng(0)
    encode([random.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(30)], noisy, rate=25)
    out = tmp_path / "out"
    process = in_own_process(
        noisy, "--out", out, "--model", TINY, "--device", "cpu", "--save", "overlay,stats", limit=60_000
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert len([line for line in errors.splitlines() if line.startswith("error:")]) == 1
    assert "overlay" in errors
    assert "Traceback" not in errors
    assert not (out / "noisy" / "overlay.mp4").exists()
    assert facts(out / "noisy")["complete"] is False


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_interrupt_keeps_what_is_done(tmp_path: Path, times: int) -> None:
    long, out = tmp_path / "long.mp4", tmp_path / "out"
    encode(moving(300), long, rate=25)
    process = in_own_process(long, "--out", out, "--model", f"py:{MODELS}:slow", "--device", "cpu", "--interval", "2")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((out / "long").glob("*part*")):
        time.sleep(0.05)
    time.sleep(1.0)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in errors
    run_facts = facts(out / "long")
    assert run_facts["complete"] is False
    assert run_facts["error"] == "interrupted"
    frames = run_facts["frames"]
    assert isinstance(frames, int)
    assert 0 < frames < 300
    assert len(mask_frames(out / "long" / "masks.mkv")) >= frames
    assert not list((out / "long").glob("*part*"))


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys; from warpseg.cli import app; sys.exit(int('torch' in sys.modules or 'numba' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run([sys.executable, "-m", "warpseg", "--help"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "segment" in shown.stdout
    # Processor time, which other work on the machine does not change.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_finished_clips_are_passed_over_on_request(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--save", "stats").exit_code == 0
    before = (tmp_path / "out" / "clip" / "run.json").read_bytes()
    refused = run(clip, "--save", "stats")
    assert refused.exit_code == 1
    one_line(refused, "already there", "--skip-existing", "--overwrite")
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    skipped = run(clip, other, "--save", "stats", "--skip-existing")
    assert skipped.exit_code == 0, skipped.output
    assert f"{tmp_path / 'out' / 'clip'}: done already" in skipped.stdout
    assert "other: 12 frames" in skipped.stdout
    assert (tmp_path / "out" / "clip" / "run.json").read_bytes() == before
    more = run(clip, "--save", "stats,masks", "--skip-existing")
    assert more.exit_code == 1, "masks are not there: the run is not what was asked for"
