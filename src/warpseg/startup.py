"""A quicker start for programs: importing torch and numba makes half a million objects, none of them garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["heavy_imports"]


@contextmanager
def heavy_imports() -> Iterator[None]:
    """Import without looking for garbage, and leave what was imported out of every later search.

    Each search walks over all that was imported before: half a second of the five until the first mask. For a process
    of our own: what is garbage already when this ends is never found.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
