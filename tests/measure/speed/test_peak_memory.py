"""Peak memory of a process."""

from __future__ import annotations

import subprocess
import sys

from warpseg.measure.speed.peak_memory import peak


def test_peak_memory_is_this_process_own() -> None:
    code = "from warpseg.measure.speed.peak_memory import peak; x = bytearray({}); print(peak()[0])"
    small, large = (
        int(subprocess.run([sys.executable, "-c", code.format(size)], capture_output=True, check=True).stdout)
        for size in (1, 64 << 20)
    )
    assert 60 << 20 < large - small < 70 << 20
    assert small < peak()[0]  # though this process, which holds torch, has started it
