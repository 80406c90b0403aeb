"""Startup: imports without garbage collection, and freed memory that is kept."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys

import pytest

from warpseg.run.startup import heavy_imports

MEASURE = """
import sys
from pathlib import Path
import numpy as np
from warpseg import cli
from warpseg.run.startup import keep_memory
def held():
    return int(Path("/proc/self/statm").read_text().split()[1])
@cli.app.command()
def measure():
    before = held()
    arrays = [np.ones(8 << 20, np.uint8) for _ in range(20)]
    most = held()
    del arrays
    print((held() - before) / (most - before))
how = sys.argv.pop(1)
if how == "command line":
    cli.run()
if how == "keep":
    assert keep_memory()
measure()
"""


@pytest.mark.parametrize("enabled", [True, False])
def test_collection_is_off_within_and_as_it_was_after(enabled: bool) -> None:
    before = gc.isenabled()
    gc.unfreeze()
    (gc.enable if enabled else gc.disable)()
    try:
        with heavy_imports():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
        assert gc.get_freeze_count() > 10_000  # what was imported is left out of later searches
        with pytest.raises(ImportError), heavy_imports():
            raise ImportError
        assert gc.isenabled() == enabled
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
@pytest.mark.parametrize(
    ("how", "kept"), [("untouched", False), ("keep", True), ("command line", True)], ids=lambda value: str(value)
)
def test_freed_memory_is_kept_for_what_comes_next(how: str, kept: bool) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_", "LD_"))}
    command = [sys.executable, "-c", MEASURE, how, "measure"]
    share = float(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)
    assert share > 0.9 if kept else share < 0.1
