"""Files of strangers given to ``compare`` and ``--profile``: one clear line each, never a traceback, within bounds."""

from __future__ import annotations

import json
import random
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.support.calibration import profile
from tests.support.made_up_runs import random_labels, write_run
from tests.support.tiny_models import MODELS
from warpseg.cli import app
from warpseg.jsonfile import read_object
from warpseg.measure.calibration.profile import write
from warpseg.messages import explain, printable
from warpseg.run.run_json import RunFacts
from warpseg.types import Classes

ODD: list[Any] = [
    None, True, -1, 0, 10**9, 10**30, -(10**400), 1e308, 0.5, "", "x", "1/0", "\x1b[31mred", "a\nb", "\ud800", "\x00",
    [], {}, [[]], [None] * 3, {"a": {"b": {"c": []}}}, ["é" * 300], {"\x1b]0;title\x07": 1},
]  # fmt: skip
RAW = [
    b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 5000, b"\x00" * 64,
    b'{"frames": NaN}', b'{"seconds": 1e999}', b'{"frames": 1' + b"0" * 5000 + b"}", b'{"seconds": -Infinity}',
]  # fmt: skip


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def check(result: Result) -> None:
    """Assert that a command ended as it should."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (0, 1, 2), result.output
    assert "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == (1 if result.exit_code else 0)
    for line in result.output.splitlines():
        assert line.isprintable(), ascii(line)
        assert len(line) < (5000 if line.startswith("{") else 1000)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def spoilt(value: Any, chance: random.Random) -> Any:
    """Return a copy with one value replaced by an odd one, or taken away."""
    copy = json.loads(json.dumps(value))
    place = chance.choice(places(copy)[1:])
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    if chance.random() < 0.2:
        del holder[place[-1]]
    else:
        holder[place[-1]] = chance.choice(ODD)
    return copy


FACTS: dict[str, Any] = {
    "source": "clip.mp4", "command": ["warpseg", "segment"], "scheme": "interpolate", "interval": 5,
    "video": {"size": [24, 40], "sample_aspect_ratio": "1", "frame_rate": "25"}, "scene_cuts": [1],
    "motion": {"asked": "auto", "chosen": "codec", "frames": {"codec": 4}}, "delay": {"frames": 5, "ms": 200.0},
    "substituted": [], "versions": {"torch": "2"}, "profile": None,
}  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    a, b = (write_run(tmp_path / name, random_labels(4, seed), **FACTS) for seed, name in enumerate("ab"))
    return a, b


@pytest.mark.parametrize("seed", range(80))
def test_compare_takes_any_run(runs: tuple[Path, Path], seed: int) -> None:
    a, b = runs
    chance = random.Random(seed)
    file = chance.choice(["run.json", "run.json", "classes.json"])
    content = spoilt(json.loads((b / file).read_text()), chance)
    (b / file).write_text(json.dumps(content))
    check(run("compare", a, b, "--out", a / "page.html"))
    check(run("compare", b, a, "--json"))


@pytest.mark.parametrize("content", RAW, ids=range(len(RAW)))
@pytest.mark.parametrize("file", ["run.json", "classes.json"])
def test_compare_takes_any_bytes(runs: tuple[Path, Path], file: str, content: bytes) -> None:
    (runs[1] / file).write_bytes(content)
    result = run("compare", *runs)
    check(result)
    assert result.exit_code == 1
    assert str(runs[1] / file) in result.stderr


@pytest.mark.parametrize(
    "rows",
    [b"", b"frame\n", b"frame\nx\n", b"other\n1\n", b"frame\n-1\n", b"frame\n" + b"9" * 5000, b"\xff\n\xff\n",
     b"frame\n1e3\n", b'frame\n"' + b"x" * 200_000, b"frame\n\x00\n"],
    ids=range(10),
)  # fmt: skip
def test_compare_takes_any_table(runs: tuple[Path, Path], rows: bytes) -> None:
    (runs[0] / "frames.csv").write_bytes(rows)
    check(run("compare", *runs))


@pytest.mark.parametrize("count", [10**9, 2**63, 65536, 0, -5])
def test_a_number_of_classes_takes_no_memory(tmp_path: Path, count: int) -> None:
    a, b = (write_run(tmp_path / name, random_labels(2, 1), named=False, model={"classes": count}) for name in "ab")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run("compare", a, b)
    check(result)
    assert result.exit_code == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_pictures_instead_of_labels_are_refused(tmp_path: Path) -> None:
    import numpy as np

    from warpseg.video.encode import encode

    a, b = (write_run(tmp_path / name, random_labels(2, 1)) for name in "ab")
    encode([np.zeros((24, 40, 3), np.uint8)] * 2, tmp_path / "colour.mp4", rate=25, options={"pix_fmt": "yuv444p"})
    shutil.copy(tmp_path / "colour.mp4", b / "masks.mkv")
    result = run("compare", a, b)
    check(result)
    assert "not labels" in result.stderr


@pytest.mark.parametrize("seed", range(80))
def test_segment_takes_any_profile(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    path.write_text(json.dumps(spoilt(json.loads(path.read_text()), random.Random(seed))))
    check(run("segment", tmp_path / "absent.mp4", "--profile", path, "--out", tmp_path, "--model", f"py:{MODELS}:tiny"))


@pytest.mark.parametrize("content", RAW, ids=range(len(RAW)))
def test_segment_takes_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(content)
    result = run("segment", tmp_path / "absent.mp4", "--profile", path, "--out", tmp_path)
    check(result)
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_names_of_strangers_move_no_cursor(tmp_path: Path) -> None:
    odd = "\x1b[2J\u202egnp.car\r\n"
    classes = Classes(("road", odd, "sky"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)))
    a, b = (write_run(tmp_path / name, random_labels(3, k), classes=classes) for k, name in enumerate("ab"))
    result = run("compare", a, b)
    check(result)
    assert result.exit_code == 0
    assert r"\x1b[2J\u202egnp.car\r\n" in result.stdout


def test_texts_are_printable_as_they_are_or_escaped() -> None:
    assert printable("Straße 東京 🚗 a b") == "Straße 東京 🚗 a b"
    assert printable("\x1b\x00\x9b\t\u2028\ud800\\") == r"\x1b\x00\x9b\t\u2028\ud800" + "\\"
    assert explain(ValueError("out of memory of mine")) is None


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"frames": "9"}, "frames: '9' is not int"),
        ({"frames": True}, "frames: True is not int"),
        ({"video": []}, r"video: \[\] is not an object"),
        ({"saved": [1]}, r"saved\[0\]: 1 is not str"),
        ({"model": {"short_side": [1]}}, r"model.short_side: \[1\] is not a list of 2"),
        ({"delay": {"ms": "x" * 99}}, "delay.ms: 'xxx.*... is not float"),
    ],
)
def test_the_place_of_a_fault_is_named(tmp_path: Path, facts: dict[str, Any], message: str) -> None:
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match=message):
        read_object(tmp_path / "run.json", RunFacts)


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warpseg.jsonfile._BYTES", 1 << 20)
    (tmp_path / "run.json").write_bytes(b" " * ((1 << 20) + 1) + b"{}")
    with pytest.raises(ValueError, match="larger than 1 MB"):
        read_object(tmp_path / "run.json", RunFacts)
