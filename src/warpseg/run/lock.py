"""Lock: one live process per output folder; what an ended process left half-written there is removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from warpseg.errors import OutputError
from warpseg.files import clear, is_running, reporting

try:
    import fcntl
except ImportError:  # not POSIX: the process id in the file decides
    fcntl = None  # type: ignore[assignment]

__all__ = ["only_writer"]

_NAME = ".warpseg.lock"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Make ``folder`` and keep other processes from writing there within the block.

    Temporary files of ended processes are removed first. Folders that were made here and are empty at the end are
    removed as well. The kernel releases the lock of a process that is killed.

    Raises:
        OutputError: another process is writing there, or the folder cannot be made.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with reporting(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = folder / _NAME
    file = _acquire(folder, lock)
    try:
        clear(folder)
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(file)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def _acquire(folder: Path, path: Path) -> int:
    """Return the open lock file, held by this process."""
    while True:
        with reporting(folder):
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _is_free(file):
                owner = os.pread(file, 20, 0).decode(errors="replace") if hasattr(os, "pread") else ""
                what = f"process {owner}" if owner.isdecimal() else "another process"
                raise OutputError(f"{folder}: {what} is writing there; wait for it or choose another --out")
            # The process before may have removed the file between opening and locking it.
            if _is_same(file, path):
                with reporting(folder):
                    os.ftruncate(file, 0)
                    os.write(file, str(os.getpid()).encode())
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _is_free(file: int) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: the process id decides
            pass
        else:
            return True
    owner = os.read(file, 20).decode(errors="replace")
    os.lseek(file, 0, os.SEEK_SET)
    return not owner.isdecimal() or int(owner) == os.getpid() or not is_running(int(owner))


def _is_same(file: int, path: Path) -> bool:
    try:
        there = os.stat(path)
    except OSError:
        return False
    here = os.fstat(file)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
