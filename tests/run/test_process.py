"""One source to files: outputs stay in their folder, and run.json is true at any moment."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.tiny_models import Tiny
from warpseg import OutputError, Report, Segmenter, VideoInfo, process
from warpseg.run.names import output_name
from warpseg.video.encode import encode

FRAMES = [np.full((32, 48, 3), 20 * i, np.uint8) for i in range(9)]
PIECES = ["", ".", "..", "...", "/", "\\", "a", " ", "%2e", "%2f", "%00", "\n", "é", "\udce9", "C:", "~", "-", "mp4"]


def segmenter() -> Segmenter:
    return Segmenter(Tiny(3), interval=4, device="cpu")


def facts(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "run.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("scheme", ["", "http://host/", "file:", "pipe:"])
def test_names_never_leave_the_folder(tmp_path: Path, scheme: str) -> None:
    for parts in itertools.product(PIECES, repeat=3):
        name = output_name(scheme + "".join(parts))
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\\n\0")
        assert (tmp_path / name).parent == tmp_path
        assert os.path.normpath(tmp_path / name) == str(tmp_path / name)


@pytest.mark.parametrize("name", ["..", "a/b", "/etc", "."])
def test_a_given_name_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="without separators"):
        process(segmenter(), FRAMES, tmp_path / "out", name=name)
    assert not list(tmp_path.iterdir())


def test_the_record_is_there_from_the_first_moment(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []

    def frames() -> Iterator[NDArray[np.uint8]]:
        for k, frame in enumerate(FRAMES):
            if k == 8:
                seen.append(facts(tmp_path / "video"))
            yield frame

    process(segmenter(), frames(), tmp_path, save="masks")
    assert seen[0]["complete"] is False
    assert "not finished" in str(seen[0]["error"])
    assert (facts(tmp_path / "video")["complete"], facts(tmp_path / "video")["error"]) == (True, None)


def test_old_outputs_go_when_new_ones_begin_and_not_before(tmp_path: Path) -> None:
    process(segmenter(), FRAMES, tmp_path, save=["masks", "stats"])
    folder = tmp_path / "video"
    before = (folder / "masks.mkv").read_bytes()
    with pytest.raises(OutputError, match="already there"):
        process(segmenter(), FRAMES, tmp_path, save="masks")

    with pytest.raises(RuntimeError):
        process(segmenter(), broken(), tmp_path, save="masks", overwrite=True)
    assert (folder / "masks.mkv").read_bytes() == before
    assert facts(folder)["complete"] is True, "the record of what is there"
    found: list[tuple[bool, object]] = []

    def progress(report: Report, info: VideoInfo) -> None:
        found.append(((folder / "masks.mkv").exists(), facts(folder)["complete"]))

    process(segmenter(), FRAMES, tmp_path, save="masks", overwrite=True, progress=progress)
    assert set(found) == {(False, False)}
    assert (folder / "masks.mkv").exists()
    assert facts(folder)["complete"] is True


def test_a_page_that_cannot_be_written_is_in_the_record(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gone"):
        process(segmenter(), FRAMES, tmp_path, save="masks", page=tmp_path / "gone" / "page.html")
    found = facts(tmp_path / "video")
    assert found["complete"] is False
    assert "gone" in str(found["error"])
    assert (tmp_path / "video" / "masks.mkv").exists()


def broken() -> Iterator[NDArray[np.uint8]]:
    raise RuntimeError("no frame")
    yield


def test_nothing_is_left_of_a_run_without_a_frame(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        process(segmenter(), broken(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ["name", "path", "link", "hard link", "file://", "file object"])
def test_a_source_is_never_replaced_by_its_own_output(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "out" / "overlay"
    folder.mkdir(parents=True)
    clip = folder / "overlay.mp4"
    encode([np.full((32, 48, 3), 10 * i, np.uint8) for i in range(4)], clip)
    before = clip.read_bytes()
    source: Any = {"name": str(clip), "path": clip, "file://": f"file://{clip}"}.get(how, tmp_path / "overlay.mp4")
    if how == "link":
        source.symlink_to(clip)
    elif how == "hard link":
        source.hardlink_to(clip)
    with clip.open("rb") as file, pytest.raises(OutputError, match="is the source itself"):
        process(segmenter(), file if how == "file object" else source, tmp_path / "out", name="overlay", overwrite=True)
    assert clip.read_bytes() == before
    assert list(folder.iterdir()) == [clip]


@pytest.mark.parametrize("pattern", ["", "*.png", "%06d.png"])
def test_images_are_never_replaced_by_their_own_masks(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "images" / "images"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(folder / "000000.png")
    before = (folder / "000000.png").read_bytes()
    with pytest.raises(OutputError, match="is the source itself"):
        process(segmenter(), f"{folder}/{pattern}", tmp_path, name="images", save=["images"], overwrite=True)
    assert (folder / "000000.png").read_bytes() == before
