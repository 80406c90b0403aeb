"""The most memory that this process has held."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["peak"]


def peak() -> tuple[int, str]:
    """Return peak resident bytes, and what said so.

    Linux's own high-water mark where there is one: what ``getrusage`` says there includes the process that this one
    was started by.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024, "VmHWM"
    import resource  # Unix only

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024), "ru_maxrss"
