"""Kernels' disk cache: missing, full, damaged or another user's, it costs time and never the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import warpseg
from tests.support.tiny_models import MODELS
from warpseg.synthetic import Street
from warpseg.video.encode import encode

NOWHERE = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"), "/dev/null/nowhere")
CALL = "import logging; logging.basicConfig(); import mine; print(mine.double(21), mine.triple(14))"
MINE = """
from warpseg.kernels import kernel

@kernel()
def double(x):
    return 2 * x

@kernel()
def triple(x):
    return 3 * x
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Write a module next to which nothing can be cached, whoever runs the test: a file is in the way."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "__pycache__").write_text("in the way")
    return folder


def run(module: Path, temporary: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(module), str(Path(warpseg.__file__).parents[1])])
    everywhere = {
        "PYTHONPATH": path,
        "PATH": os.environ["PATH"],
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", CALL], env=everywhere | environment, cwd=temporary, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "42 42\n"), done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_without_a_folder_of_its_own_the_cache_is_in_a_private_temporary_one(module: Path, tmp_path: Path) -> None:
    first, second = (run(module, tmp_path, **NOWHERE).stderr for _ in range(2))
    private = tmp_path / f"warpseg-{os.geteuid()}"
    assert first.count("compiling kernels") == 1
    assert str(private) in first
    assert second == ""  # nothing is compiled twice
    assert private.stat().st_mode & 0o777 == 0o700
    assert len(list(private.rglob("*.nbc"))) == 2


def test_without_any_home_no_folder_called_tilde_is_made(module: Path, tmp_path: Path) -> None:
    run(module, tmp_path, XDG_CACHE_HOME="relative")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["module", f"warpseg-{os.geteuid()}"]


@pytest.mark.parametrize("trap", ["open to others", "link", "file"])
def test_a_temporary_folder_that_another_may_write_to_is_not_used(module: Path, tmp_path: Path, trap: str) -> None:
    private, other = tmp_path / f"warpseg-{os.geteuid()}", tmp_path / "other"
    other.mkdir()
    if trap == "link":
        private.symlink_to(other)
    elif trap == "file":
        private.write_text("")
    else:
        private.mkdir()
        private.chmod(0o777)
    for _ in range(2):
        said = run(module, tmp_path, **NOWHERE).stderr
        assert said.count("\n") == 1
        assert "no folder for them can be written; set NUMBA_CACHE_DIR" in said
    assert not list(other.iterdir())
    assert trap != "open to others" or not list(private.iterdir())


@pytest.mark.parametrize("content", [b"", b"\x80\x04K", b"no pickle"], ids=["empty", "cut off", "text"])
@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_damaged_files_are_made_anew(module: Path, tmp_path: Path, kind: str, content: bytes) -> None:
    cache = tmp_path / "cache"
    run(module, tmp_path, NUMBA_CACHE_DIR=str(cache))
    for path in cache.rglob(kind):
        path.write_bytes(content)
    assert "compiling kernels" in run(module, tmp_path, NUMBA_CACHE_DIR=str(cache)).stderr
    assert run(module, tmp_path, NUMBA_CACHE_DIR=str(cache)).stderr == ""


def test_a_full_disk_under_the_cache_is_one_line(module: Path, tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); import signal; "
    limited += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    path = os.pathsep.join([str(module), str(Path(warpseg.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-B", "-c", limited + CALL],
        env={"PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "42 42\n"), done.stderr
    lines = [line for line in done.stderr.splitlines() if "cannot be kept" in line]
    assert len(lines) == 1
    assert str(tmp_path / "cache") in lines[0]
    assert "NUMBA_CACHE_DIR" in lines[0]


@pytest.fixture
def shared() -> Iterator[Path]:
    """Make a folder that every user may write to."""
    folder = Path(tempfile.mkdtemp(prefix="warpseg-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_another_user_without_a_home_segments_a_video(shared: Path) -> None:
    street = Street(seed=4, size=(96, 128), rate=15, speed=6)
    encode((street.still(i)[0] for i in range(7)), shared / "clip.mp4", rate=15)
    may_read = "-all,+dac_read_search"  # the interpreter may be in root's home
    command = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", f"--inh-caps={may_read}"]
    command += [f"--ambient-caps={may_read}", f"--bounding-set={may_read}", sys.executable, "-m", "warpseg"]
    command += ["segment", "clip.mp4", "--model", f"py:{MODELS}:tiny", "--device", "cpu", "--out", "out"]
    command += ["--scheme", "copy", "--motion", "none", "--save", "stats"]  # few kernels to compile
    for attempt in (1, 2):
        done = subprocess.run(
            [*command, *(["--overwrite"] if attempt == 2 else [])],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(warpseg.__file__).parents[1]), "TMPDIR": str(shared)},
            cwd=shared,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "7 frames" in done.stdout
        assert done.stderr.count("compiling kernels") == (1 if attempt == 1 else 0)
        assert sorted(path.name for path in shared.iterdir()) == ["clip.mp4", "out", "warpseg-54321"]
