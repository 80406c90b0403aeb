"""Pages in a real browser: scripts run without an error, nothing is wider than a phone, print is some pages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.made_up_results import CLASSES, EVALUATION, collected, segmentation
from tests.support.made_up_runs import random_labels, write_run
from warpseg.measure.accuracy.page import write_evaluation
from warpseg.measure.runs.agreement import compare
from warpseg.measure.runs.page import write_comparison
from warpseg.run.folder import Run
from warpseg.run.samples import Collected
from warpseg.types import VideoInfo

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH: apt-get install chromium")

# Uses the page as people do, then tells what it saw: to itself, and to the page that shows it in a frame.
PROBE = """
<script>
addEventListener("load", async () => {
  const root = document.documentElement, viewer = document.querySelector(".viewer"), seen = [];
  const look = () => seen.push(Number(viewer.dataset.shown));
  look();
  const slider = viewer.querySelector(".slider");
  slider.value = 0; slider.dispatchEvent(new Event("input")); look();
  viewer.querySelector('[data-does="next"]').click(); look();
  viewer.querySelector('[data-does="previous"]').click(); look();
  viewer.querySelector('[data-does="previous"]').click(); look();
  location.hash = "#frame=7";
  await new Promise((done) => setTimeout(done, 50)); look();
  slider.focus();
  const pictures = [...viewer.querySelectorAll(".shown img")];
  const told = JSON.stringify({
    ready: root.dataset.ready, error: root.dataset.error ?? null, seen, focused: document.activeElement === slider,
    said: viewer.querySelector("output").textContent === slider.getAttribute("aria-valuetext"),
    pictures: pictures.map((picture) => picture.complete && picture.naturalWidth * picture.clientHeight > 0),
    shown: viewer.querySelectorAll(".shown").length, wider: root.scrollWidth - innerWidth,
    cursors: [...document.querySelectorAll(".cursor")].map((cursor) => cursor.getAttribute("transform")),
  });
  root.dataset.told = told;
  parent.postMessage(told, "*");
});
</script>
"""
PHONE = """<!DOCTYPE html><body style="margin:0"><iframe srcdoc="{}" style="border:0;width:360px;height:780px"></iframe>
<script>addEventListener("message", (event) => {{ document.documentElement.dataset.told = event.data; }});</script>"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    facts = {
        "source": "a_rather_long_name_of_a_video_without_any_space_in_it.mp4", "complete": True, "frames": 60,
        "keyframes": 12, "seconds": 6.0, "seconds_by_stage": {"network": 4.0, "decode": 1.0}, "scene_cuts": [30],
        "frames_per_second": 10.0, "command": ["warpseg", "segment", "--out", "x" * 90],
        "model": {"sha256": "4af9" * 16},
    }  # fmt: skip
    write_evaluation(path, EVALUATION | facts, collected(60))
    return path


def browse(folder: Path, page: Path, *options: str) -> str:
    """Run the browser on a page and return what it prints."""
    words = [
        str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}", *options,
        page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout


def told(folder: Path, page: Path, *, phone: bool = False) -> dict[str, Any]:
    """Return what the probe saw."""
    source = page.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>")
    shown = folder / "shown.html"
    shown.write_text(PHONE.format(html.escape(source)) if phone else source, encoding="utf-8")
    dom = browse(folder, shown, "--window-size=1280,900", "--virtual-time-budget=20000", "--dump-dom")
    found = re.search(r'data-told="([^"]*)"', dom)
    assert found, dom[:500]
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_report_works(report: Path, tmp_path: Path, phone: bool) -> None:
    seen = told(tmp_path, report, phone=phone)
    assert (seen["ready"], seen["error"]) == ("yes", None)
    first, at_start, after_next, back, around, asked = seen["seen"]
    assert 20 < first < 40, "it opens in the middle"
    assert (at_start, back) == (0, 0)
    assert 0 < after_next < 4
    assert around > 50, "before the first comes the last"
    assert abs(asked - 7) <= 1
    assert seen["shown"] == 1
    assert seen["pictures"] == [True] * 4
    assert seen["focused"]
    assert seen["said"]
    (cursor,) = seen["cursors"]
    assert float(cursor.removeprefix("translate(").split()[0]) == pytest.approx(1000 * asked / 59)
    assert seen["wider"] <= 0, "wider than the window"


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_evaluation_works(tmp_path: Path, phone: bool) -> None:
    shares = {"average": [80.0, 40.0, 60.0], "every_frame": [88.0, 47.5, 60.0]}
    wide = shares | {"by_distance": [[80.0 - p, 40.0 + p, 60.0] for p in range(29)]}
    row = {"scheme": "propagate", "interval": 30, "average": 60.0, "worst": 50.0, "per_class": wide}
    rows = [*EVALUATION["rows"], row, row | {"interval": "auto", "mean_interval": 7.5}]
    gathered = Collected(VideoInfo("clip", (48, 64)), CLASSES)
    for index in range(20):
        result = segmentation(index, index % 5)
        labels = result.labels()
        gathered.add(result, labels, lambda labels=labels: ("ground truth", np.roll(labels, 1, 0)))  # type: ignore[misc]
    write_evaluation(tmp_path / "page.html", EVALUATION | {"rows": rows}, gathered)
    seen = told(tmp_path, tmp_path / "page.html", phone=phone)
    assert (seen["ready"], seen["error"]) == ("yes", None)
    assert seen["seen"][1:] == [0, 1, 0, 19, 7]
    assert seen["pictures"] == [True] * 5, "input, ground truth, result, where they differ, motion"
    assert seen["wider"] <= 0


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_comparison_works(tmp_path: Path, phone: bool) -> None:
    a, b = (Run.read(write_run(tmp_path / name, random_labels(9, k))) for k, name in enumerate("ab"))
    write_comparison(tmp_path / "page.html", compare(a, b))
    seen = told(tmp_path, tmp_path / "page.html", phone=phone)
    assert (seen["ready"], seen["error"]) == ("yes", None)
    assert seen["seen"][1:] == [0, 1, 0, 8, 7]
    assert seen["pictures"] == [True] * 3
    assert seen["wider"] <= 0


def test_it_is_drawn(report: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    browse(tmp_path, report, "--window-size=1280,900", f"--screenshot={shot}")
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] == 1280
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100
    # The classes' colours are in the pictures of labels.
    assert (pixels == (70, 130, 180)).all(-1).sum() > 1000


def test_print_is_a_few_pages(report: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browse(tmp_path, report, f"--print-to-pdf={paper}")
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    pages = max(int(count) for count in re.findall(rb"/Count (\d+)", data))
    assert 2 <= pages <= 6
