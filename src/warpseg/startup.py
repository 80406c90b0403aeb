"""What a program may do for its process, and a library may not: how garbage is looked for, how memory is kept."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["heavy_imports", "keep_memory"]

# Of glibc's malloc.h, and the most that it accepts for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 << 20


@contextmanager
def heavy_imports() -> Iterator[None]:
    """Import without looking for garbage, and leave what was imported out of every later search.

    torch and numba make half a million objects, none of them garbage, and each search walks over all there are: half a
    second of the five until the first mask. What is garbage already when this ends is never found.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def keep_memory() -> bool:
    """Keep what is freed for what is allocated next, in one place for all threads; return whether that was possible.

    Each frame frees as much as it allocates. glibc gives a map of some megabytes back to the kernel, which hands it out
    again page by page, cleared: an eighth of all CPU seconds. Call it before there are threads. Only glibc is told.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD), (_TRIM_THRESHOLD, 2**31 - 1))
    accepted = [mallopt(parameter, value) for parameter, value in settings]
    return all(accepted)
