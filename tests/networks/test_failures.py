"""Networks that fail while they run: one line with the frame and what to do, and what was good is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typer.testing import CliRunner

from tests.support.pictures import pictures
from tests.support.tiny_models import MODELS, Tiny
from warpseg import InferenceError, Segmenter, load, process
from warpseg.cli import app
from warpseg.networks import Network
from warpseg.video.encode import encode

SIZE = (48, 64)
NAN, INFINITY = float("nan"), float("inf")


class Fails(nn.Module):
    """Does something odd from its third picture on."""

    def __init__(self, odd: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.odd, self.calls = odd, 0

    def forward(self, rgb: Tensor) -> Tensor:
        self.calls += 1
        cells = F.avg_pool2d(rgb, 8) - 0.5
        return self.odd(cells) if self.calls > 2 else cells


def raising(error: BaseException) -> Callable[[Tensor], Tensor]:
    def odd(cells: Tensor) -> Tensor:
        raise error

    return odd


def one_cell(value: float) -> Callable[[Tensor], Tensor]:
    def odd(cells: Tensor) -> Tensor:
        cells[0, 1, 2, 3] = value
        return cells

    return odd


FAILURES = [
    pytest.param(one_cell(NAN), "gave NaN for frame 4; check its weights", id="one NaN"),
    pytest.param(one_cell(INFINITY), "gave infinite values for frame 4", id="one infinity"),
    pytest.param(lambda cells: cells - INFINITY, "gave infinite values for frame 4", id="all minus infinity"),
    pytest.param(lambda cells: cells * NAN, "gave NaN for frame 4", id="all NaN"),
    pytest.param(lambda cells: sys.exit(3), "ended the program (exit code 3) at frame 4", id="sys.exit"),
    pytest.param(lambda cells: sys.exit(0), "ended the program (exit code 0) at frame 4", id="sys.exit(0)"),
    pytest.param(raising(MemoryError()), "out of memory; use a smaller --imgsz, --batch 1", id="MemoryError"),
    pytest.param(raising(torch.OutOfMemoryError("CUDA out of memory")), "out of memory; use a smaller", id="CUDA"),
    pytest.param(
        raising(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")),
        "--batch 1 or a smaller --memory, at frame 4",
        id="torch's allocator",
    ),
    pytest.param(raising(RuntimeError("can't start new thread")), "(OMP_NUM_THREADS=1), at frame 4", id="threads"),
]


@pytest.mark.parametrize(("odd", "message"), FAILURES)
def test_the_failure_is_one_line_and_what_was_good_is_kept(
    odd: Callable[[Tensor], Tensor], message: str, tmp_path: Path
) -> None:
    shown = [frame.pixels for frame in pictures(8, SIZE)]
    segmenter = Segmenter(Fails(odd), interval=2, device="cpu")
    with pytest.raises(InferenceError) as raised:
        process(segmenter, shown, tmp_path, save=["stats"])
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    facts = json.loads((tmp_path / "video" / "run.json").read_text())
    assert (facts["complete"], facts["error"], facts["frames"]) == (False, str(raised.value), 2)
    assert len((tmp_path / "video" / "frames.csv").read_text().splitlines()) == 1 + 2


def test_a_network_that_overflows_in_its_head_is_found() -> None:
    head = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Threshold(100.0, INFINITY))
    with pytest.raises(InferenceError, match="gave infinite values for frame 0"):
        list(Segmenter((nn.AvgPool2d(8), head), device="cpu").stream([frame.pixels for frame in pictures(2, SIZE)]))


def test_large_finite_values_are_scores() -> None:
    network = load(Fails(lambda cells: cells), device="cpu")
    (shown,) = pictures(1, SIZE)
    assert torch.isfinite(network.features(shown)).all()
    huge = Network("huge", lambda rgb: torch.full((1, 2, 6, 8), 3e38), nn.Identity(), True)
    assert float(huge.features(shown).min()) == pytest.approx(3e38)


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_scores_that_do_not_depend_on_the_place_are_noted(
    level: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = [frame.pixels for frame in pictures(5, SIZE)]
    flat = Segmenter(lambda rgb: torch.full((1, 3, 6, 8), level), interval=2, device="cpu")
    report = process(flat, shown, tmp_path, save=["stats"])
    (line,) = [warning for warning in report.warnings if "scores" in warning]
    assert "gave the same scores for every cell of all 3 keyframes" in line
    assert json.loads((tmp_path / "video" / "run.json").read_text())["substituted"] == report.warnings
    list(flat.stream(shown))
    assert line in caplog.text
    good = process(Segmenter(Tiny(3), interval=2, device="cpu"), shown, tmp_path, save=["stats"], overwrite=True)
    assert not [warning for warning in good.warnings if "scores" in warning]


def test_the_command_goes_on_with_the_next_source(tmp_path: Path) -> None:
    for name in ("a", "b"):
        encode([frame.pixels for frame in pictures(6, SIZE)], tmp_path / f"{name}.mp4", rate=25)
    model = tmp_path / "leaves.py"
    model.write_text(
        f"import sys\nsys.path.insert(0, {str(MODELS.parents[2])!r})\n"
        "from tests.support.tiny_models import Tiny\n"
        "class Leaves(Tiny):\n    calls = 0\n    def forward(self, rgb):\n        Leaves.calls += 1\n"
        "        return sys.exit(7) if Leaves.calls == 2 else super().forward(rgb)\n"
        "def leaves():\n    return Leaves(5)\n"
    )
    words = ["segment", str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4"), "--out", str(tmp_path / "out")]
    words += ["--model", f"py:{model}:leaves", "--device", "cpu", "--interval", "3", "--save", "stats"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if line.startswith("error: ")] == [
        f"error: py:{model}:leaves: its code ended the program (exit code 7) at frame 3; remove the exit from it"
    ]
    assert "6 frames" in result.stdout  # of b.mp4
