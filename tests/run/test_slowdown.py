"""Slowdown: a network cheaper than the warp is reported soon after the start."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.pictures import pictures
from tests.support.tiny_models import MODELS
from warpseg.cli import app
from warpseg.run.result import Report
from warpseg.run.slowdown import Slowdown
from warpseg.video.encode import encode


def lines(
    network_ms: float, frame_ms: float, *, start_ms: float = 0.0, interval: int = 5, frames: int = 60
) -> list[str]:
    """Return what is noted of a run whose keyframes and frames take that long, after a slow start."""
    found, slowdown = [], Slowdown()
    report = Report("clip.mp4", Path("out"), seconds=start_ms / 1000, network_alone=start_ms / 1000)
    for i in range(frames):
        key = i % interval == 0
        report = replace(
            report,
            frames=i + 1,
            keyframes=report.keyframes + key,
            network_alone=report.network_alone + key * network_ms / 1000,
            seconds=report.seconds + frame_ms / 1000,
        )
        found.append(slowdown.see(report))
    return [line for line in found if line]


def test_a_network_that_costs_less_than_the_warp_is_noted_once() -> None:
    (line,) = lines(network_ms=14, frame_ms=17.5)
    assert "0.80 times the speed of the network on every frame" in line
    assert "--scheme every, a larger --interval" in line
    assert "\n" not in line


def test_the_start_does_not_count() -> None:
    assert len(lines(network_ms=14, frame_ms=16, start_ms=20_000)) == 1
    assert lines(network_ms=50, frame_ms=16, start_ms=20_000) == []


@pytest.mark.parametrize("frame_ms", [16.0, 70.0])
def test_a_network_that_costs_more_is_not(frame_ms: float) -> None:
    assert lines(network_ms=72, frame_ms=frame_ms) == []


def test_too_short_a_run_and_the_network_on_every_frame_are_not_judged() -> None:
    assert lines(network_ms=14, frame_ms=16, frames=20) == []
    assert lines(network_ms=1.4, frame_ms=1.6) == []
    assert lines(network_ms=14, frame_ms=16, interval=1) == []


def test_the_command_prints_it_once_and_the_run_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warpseg.run.slowdown._SECONDS", 0.0)
    monkeypatch.setattr(Report, "speed_up", 0.5)
    encode([frame.pixels for frame in pictures(15, (48, 64))], tmp_path / "clip.mp4", rate=25)
    words = ["segment", str(tmp_path / "clip.mp4"), "--out", str(tmp_path), "--model", f"py:{MODELS}:tiny"]
    result = CliRunner().invoke(app, [*words, "--device", "cpu", "--save", "stats", "--interval", "2"])
    assert result.exit_code == 0, result.output
    notes = json.loads((tmp_path / "clip" / "run.json").read_text())["substituted"]
    (note,) = [note for note in notes if "0.50 times" in note]
    assert result.stderr.count(note) <= 1
