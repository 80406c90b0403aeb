"""File objects: read by FFmpeg without their name, so that content alone decides what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

__all__ = ["FileObject"]

T = TypeVar("T")


class FileObject:
    """A binary file object as PyAV takes it.

    PyAV drops exceptions such as ``KeyboardInterrupt`` that are raised while FFmpeg reads; ``watch`` raises them again.
    """

    def __init__(self, file: BinaryIO, *, owned: bool = False) -> None:
        """Wrap ``file``; closing closes it only if it is ``owned``."""
        self._file = file
        self.close: Callable[[], None] = file.close if owned else lambda: None
        self._stopped_by: BaseException | None = None
        self.head = b""  # the first data that was read

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes."""
        data = self._guarded(lambda: self._file.read(size))
        self.head = self.head or data
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to another place."""
        return self._guarded(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Return whether it is more than a pipe."""
        if not hasattr(self._file, "seek") or not hasattr(self._file, "tell"):
            return False
        return not hasattr(self._file, "seekable") or self._file.seekable()

    def watch(self, job: Callable[[], T]) -> T:
        """Make a call that reads; raises what stopped the reading, too."""
        try:
            return job()
        finally:
            if self._stopped_by is not None:
                raise self._stopped_by

    def watched(self, items: Iterator[T]) -> Iterator[T]:
        """Yield ``items``, each read under ``watch``."""
        yield from iter(lambda: self.watch(lambda: next(items, None)), None)

    def _guarded(self, job: Callable[[], T]) -> T:
        try:
            return job()
        except Exception:
            raise
        except BaseException as error:
            self._stopped_by = error
            raise OSError("stopped") from error
