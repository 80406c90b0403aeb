"""Folder names: of one source the same in every run, of two sources never the same."""

from __future__ import annotations

import json
from pathlib import Path

from warpseg.run.names import finished_run, folder_names


def ran(out: Path, name: str, source: str, *, complete: bool = True) -> None:
    (out / name).mkdir()
    (out / name / "run.json").write_text(json.dumps({"source": source, "complete": complete}))
    (out / name / "masks.mkv").write_text("masks")


def test_equal_stems_of_one_run_are_numbered(tmp_path: Path) -> None:
    sources = ["a/clip.mp4", "b/clip.mp4", "clip_2.mp4", "c/clip.mov"]
    assert folder_names(tmp_path, sources) == ["clip", "clip_3", "clip_2", "clip_4"]


def test_equal_stems_of_two_runs_are_numbered(tmp_path: Path) -> None:
    ran(tmp_path, "clip", "a/clip.mp4")
    assert folder_names(tmp_path, ["b/clip.mp4"]) == ["clip_2"]
    ran(tmp_path, "clip_2", "b/clip.mp4")
    assert folder_names(tmp_path, ["a/clip.mp4", "b/clip.mp4", "c/clip.mp4"]) == ["clip", "clip_2", "clip_3"]
    assert folder_names(tmp_path, ["b/clip.mp4"]) == ["clip_2"]
    assert folder_names(tmp_path, [str(Path("a/clip.mp4").absolute())]) == ["clip"], "the same file, named in full"


def test_a_folder_without_a_record_is_free(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    assert folder_names(tmp_path, ["b/clip.mp4"]) == ["clip"]
    for text in ("[", "[]", '{"source": 3}', "[" * 100_000):
        (tmp_path / "clip" / "run.json").write_text(text)
        assert folder_names(tmp_path, ["b/clip.mp4"]) == ["clip"]


def test_a_finished_run_is_complete_of_the_source_and_has_all_outputs(tmp_path: Path) -> None:
    ran(tmp_path, "clip", "a/clip.mp4")
    ran(tmp_path, "part", "a/part.mp4", complete=False)
    assert finished_run(tmp_path / "clip", "a/clip.mp4", ["masks"]) == {"source": "a/clip.mp4", "complete": True}
    assert finished_run(tmp_path / "clip", "b/clip.mp4", ["masks"]) is None
    assert finished_run(tmp_path / "clip", "a/clip.mp4", ["masks", "overlay"]) is None
    assert finished_run(tmp_path / "part", "a/part.mp4", ["masks"]) is None
    assert finished_run(tmp_path / "none", "a/none.mp4", ["masks"]) is None
