"""Startup: settings of the whole process, for programs and not for the library: garbage collection, memory."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["drop_library_pages", "heavy_imports", "keep_memory"]

# Of glibc's malloc.h, and the most that every version accepts for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 << 20
# Of Linux's sys/mman.h.
_MADV_DONTNEED = 4
# Read-only private mappings of shared libraries in /proc/self/smaps, with the kilobytes that are no longer the file's.
_LIBRARY = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) r-[x-]p .*\.so[.0-9]*\n(?:[A-Z]\w+:.*\n)*?Anonymous: +(\d+) kB$", re.MULTILINE
)


@contextmanager
def heavy_imports() -> Iterator[None]:
    """Import without garbage collection, and exclude the imported objects from every later one.

    torch and numba make half a million objects, none of them garbage, and each full collection walks over all of them.
    For the start of a program: garbage of that time is never freed. Afterwards library pages are dropped.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
    drop_library_pages()


def drop_library_pages() -> None:
    """Drop the pages of shared libraries that loading read, as the kernel does when memory is short.

    Loading reads 230 MB of torch's CUDA libraries and of LLVM that most runs never use again. What they use comes back
    from the file at the next access. Mappings with pages of the process's own, as relocation leaves them, stay whole.
    """
    smaps = Path("/proc/self/smaps")
    if sys.platform != "linux" or not smaps.exists():
        return
    libc = ctypes.CDLL(None)
    for begin, end, own in _LIBRARY.findall(smaps.read_text(errors="replace")):
        if own == "0":
            address, length = int(begin, 16), int(end, 16) - int(begin, 16)
            libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), _MADV_DONTNEED)


def keep_memory() -> bool:
    """Keep freed memory for the next allocation, one heap for all threads; return whether malloc accepted that.

    Each frame frees as much as it allocates. glibc returns large blocks to the kernel, which hands them out again page
    by page, cleared. Other C libraries, and a glibc configured by the environment (``MALLOC_...``,
    ``GLIBC_TUNABLES``), keep their settings. Threads that allocated before keep their own heaps: call it first.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    libc = ctypes.CDLL(None)
    mallopt = getattr(libc, "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD), (_TRIM_THRESHOLD, 2**31 - 1))
    accepted = [mallopt(parameter, value) for parameter, value in settings]
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")  # which keeps 9 MB for each thread that has multiplied matrices
    atexit.register(libc.malloc_trim, 0)  # when libraries end, they read pages that drop_library_pages has dropped
    return all(accepted)
