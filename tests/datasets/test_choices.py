"""The registry of data sets: a new one is a line, and options, errors and results follow."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from warpseg.datasets.choices import DATASETS, ENCODINGS, DatasetChoice
from warpseg.datasets.clip import Dataset, Options
from warpseg.datasets.open import open_dataset
from warpseg.errors import DatasetError


@pytest.mark.parametrize("name", DATASETS)
def test_openers_are_there(name: str) -> None:
    assert callable(DATASETS[name].load())
    assert DATASETS[name].encoding is None or DATASETS[name].encoding in ENCODINGS


def test_a_new_data_set_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Options] = []

    def open_dummy(root: Path, options: Options) -> Dataset:
        asked.append(options)
        return Dataset(f"dummy in {root.name}", [])

    module = ModuleType("warpseg.datasets.dummy")
    module.open_dummy = open_dummy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(DATASETS, "dummy", DatasetChoice("a dummy", "datasets.dummy:open_dummy", encoding="defaults"))
    assert open_dataset("dummy", tmp_path, frames="clean", rate=7, cache=tmp_path).name == f"dummy in {tmp_path.name}"
    assert asked == [Options(cache=tmp_path, encoding="defaults", clean=True, rate=7)]
    with pytest.raises(ValueError, match=r"dataset 'other': expected one of .*, dummy"):
        open_dataset("other", tmp_path)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("camvid", {"root": None}, "camvid is read from a folder or file"),
        ("folder", {"root": Path("nowhere")}, "nowhere: no such file or folder"),
        ("video", {"encoding": "paper"}, "video is used as it is"),
        ("video", {"frames": "clean"}, "video is used as it is"),
        ("folder", {"frames": "clean"}, "needs an --encoding"),
    ],
)
def test_options_that_do_not_fit_are_refused(name: str, options: dict[str, object], says: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=says):
        open_dataset(name, **{"root": tmp_path, **options})  # type: ignore[arg-type]


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"encoding 'av1': expected one of paper, defaults, none"):
        open_dataset("folder", tmp_path, encoding="av1")


def test_streets_are_rendered_once(tmp_path: Path) -> None:
    def opened() -> Dataset:
        return open_dataset("streets", size=(48, 64), max_frames=3, max_clips=2, encoding="none", cache=tmp_path)

    dataset = opened()
    assert [(clip.name, clip.count(), len(clip.labels)) for clip in dataset.clips] == [
        ("street0_64x48", 3, 3), ("street1_64x48", 3, 3),
    ]  # fmt: skip
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    assert len(made) == 12
    again = opened()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")} == made
    assert [clip.fingerprint for clip in again.clips] == [clip.fingerprint for clip in dataset.clips]
