"""Startup: settings of the whole process, for programs and not for the library: garbage collection, malloc."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["heavy_imports", "keep_memory"]

# Of glibc's malloc.h, and the most that every version accepts for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 << 20


@contextmanager
def heavy_imports() -> Iterator[None]:
    """Import without garbage collection, and exclude the imported objects from every later one.

    torch and numba make half a million objects, none of them garbage, and each full collection walks over all of them.
    For the start of a program: garbage of that time is never freed.
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
    """Keep freed memory for the next allocation, one heap for all threads; return whether malloc accepted that.

    Each frame frees as much as it allocates. glibc returns large blocks to the kernel, which hands them out again page
    by page, cleared. Other C libraries, and a glibc configured by the environment (``MALLOC_...``,
    ``GLIBC_TUNABLES``), keep their settings. Threads that allocated before keep their own heaps: call it first.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD), (_TRIM_THRESHOLD, 2**31 - 1))
    accepted = [mallopt(parameter, value) for parameter, value in settings]
    return all(accepted)
