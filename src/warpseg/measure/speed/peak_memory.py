"""Peak memory of this process."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["peak"]


def peak() -> tuple[int, str]:
    """Return peak resident bytes, and the counter that they were read from.

    On Linux, the high-water mark of the process: there, ``getrusage`` includes the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024, "VmHWM"
    import resource  # Unix only

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024), "ru_maxrss"
