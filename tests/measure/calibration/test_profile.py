"""Profiles: written, read back, and refused where they are malformed or for another network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.calibration import profile
from warpseg.errors import ModelError, OutputError, ProfileError
from warpseg.measure.calibration.profile import read, write


def test_a_profile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    assert read(path) == profile()
    assert [each.name for each in tmp_path.iterdir()] == ["profile.json"]
    with pytest.raises(OutputError, match="nowhere"):
        write(profile(), tmp_path / "nowhere" / "profile.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop("format"), "not a profile of this version"),
        (lambda found: found.pop("settings"), "no settings"),
        (lambda found: found["settings"].update(scheme="best"), "scheme 'best'"),
        (lambda found: found["settings"].update(interval=0), "interval 0"),
        (lambda found: found["settings"].update(interval="7"), "interval '7'"),
        (lambda found: found["settings"].pop("fusion"), "fusion None"),
        (lambda found: found["target"].update(kind="min-beauty"), "min-beauty"),
        (lambda found: found.update(model="camvid"), "no model"),
    ],
)
def test_a_malformed_profile_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(ProfileError, match=said) as error:
        read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_profile_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        read(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("interval: 5")
    with pytest.raises(ProfileError, match="not JSON"):
        read(tmp_path / "text.json")


def test_a_profile_is_for_one_network() -> None:
    profile().check_model("camvid", "ab" * 32, "p.json")
    profile().check_model("a copy of it", "ab" * 32, "p.json")
    profile(model={"name": "mine", "sha256": None}).check_model("mine", None, "p.json")
    for name, checksum in (("camvid", "cd" * 32), ("camvid", None)):
        with pytest.raises(ModelError, match=r"p\.json: made with camvid"):
            profile().check_model(name, checksum, "p.json")
    with pytest.raises(ModelError, match="made with mine"):
        profile(model={"name": "mine", "sha256": None}).check_model("other", None, "p.json")


@pytest.mark.parametrize(("precision", "imgsz"), [("auto", None), ("bf16", 240), ("fp32", (240, 320))])
def test_the_networks_options_are_kept(tmp_path: Path, precision: str, imgsz: int | tuple[int, int] | None) -> None:
    made = profile(precision=precision, imgsz=imgsz)
    write(made, tmp_path / "p.json")
    assert read(tmp_path / "p.json") == made


@pytest.mark.parametrize("changes", [{"precision": "int8"}, {"imgsz": 0}, {"imgsz": [1, 2, 3]}, {"imgsz": "240"}])
def test_other_options_of_the_network_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write(profile(), tmp_path / "p.json")
    held = json.loads((tmp_path / "p.json").read_text())
    held["settings"] |= changes
    (tmp_path / "p.json").write_text(json.dumps(held))
    with pytest.raises(ProfileError, match=next(iter(changes))):
        read(tmp_path / "p.json")
