from __future__ import annotations

import gc
import os
import platform
import signal
import subprocess
import sys

import pytest

from warpseg import cli
from warpseg.run.startup import heavy_imports

HELD = """
import sys
from pathlib import Path
import numpy as np
from warpseg.run.startup import keep_memory
if "keep" in sys.argv:
    assert keep_memory()
def held():
    return int(Path("/proc/self/statm").read_text().split()[1])
before = held()
arrays = [np.ones(8 << 20, np.uint8) for _ in range(20)]
most = held()
del arrays
print((held() - before) / (most - before))
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_kept_for_what_comes_next() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_", "LD_"))}
    shares = []
    for how in ([], ["keep"]):
        command = [sys.executable, "-c", HELD, *how]
        shares.append(float(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout))
    assert shares[0] < 0.1 < 0.9 < shares[1]


def test_the_command_line_keeps_memory_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(cli, "keep_memory", lambda: done.append("keep"))
    monkeypatch.setattr(signal, "signal", lambda number, handler: done.append("signal"))
    monkeypatch.setattr(cli, "app", lambda: done.append("app"))
    cli.main()
    assert done == ["keep", "signal", "signal", "app"]
