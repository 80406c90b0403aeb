"""Kernels: numba's compiler, with a disk cache that may be missing, full or damaged, and a note where compiling starts.

A cache that fails costs time, never the run.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import NullCache

__all__ = ["kernel"]

_config: Any = numba.config
_log = logging.getLogger("warpseg")
_reported: set[str] = set()  # notes are given once per process

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(**options: Any) -> Callable[[_Function], _Function]:
    """Return a decorator that has numba compile a function at its first call; it runs without the GIL.

    Compiled code is kept where numba keeps it: in ``NUMBA_CACHE_DIR``, else in the package's folder, else in the user's
    cache. If none of them can be written, it is kept in a temporary folder that is private to the user, else nowhere.

    Args:
        options: those of ``numba.njit``, without ``cache`` and ``nogil``.
    """

    def decorate(function: _Function) -> _Function:
        dispatcher = numba.njit(nogil=True, **options)(function)
        dispatcher._cache = _Cache(_disk_cache(dispatcher, function.__code__.co_filename))
        compiled: _Function = dispatcher
        return compiled

    return decorate


class _Cache:
    """numba's cache of one kernel: what cannot be read is compiled again, what cannot be written is not kept."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            found = self._cache.load_overload(signature, context)
        except Exception as error:  # unpickling a damaged file may raise anything
            _log.debug("%s: %r", self._cache.cache_path, error)
            found = None
        if found is None:
            _note_compiling(self._cache.cache_path)
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        try:
            try:
                self._cache.save_overload(signature, compiled)
            except OSError:
                raise
            except Exception:  # the index is damaged: begin a new one
                self._cache.flush()
                self._cache.save_overload(signature, compiled)
        except Exception as error:
            why = getattr(error, "strerror", None) or error
            _note(
                "saving",
                f"{self._cache.cache_path}: compiled kernels cannot be kept ({why}), so the next run compiles them "
                "again; make room there, or set NUMBA_CACHE_DIR to another folder",
            )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)


def _disk_cache(dispatcher: Any, file: str) -> Any:
    """Return numba's cache for a kernel of ``file``, one in a private temporary folder, or one that holds nothing."""
    own = Path(file).parent / "__pycache__"
    if _has_home() or (own.is_dir() and os.access(own, os.W_OK)):
        try:
            dispatcher.enable_caching()
            return dispatcher._cache
        except (RuntimeError, OSError):  # no folder can be written
            pass
    folder = _private_folder()
    if folder is not None:
        try:
            with _cached_in(folder):
                dispatcher.enable_caching()
            return dispatcher._cache
        except (RuntimeError, OSError):
            pass
    return NullCache()


def _has_home() -> bool:
    """Return whether numba's folder for the user has an absolute path; else it makes one called "~" or the like."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~")
    return bool(_config.CACHE_DIR) or os.path.isabs(cache)


def _private_folder() -> Path | None:
    """Make the user's own folder among the temporary ones; None where it cannot be had, or others may write to it."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        folder = Path(tempfile.gettempdir()) / f"warpseg-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    # Compiled code is executed: a folder that another user has prepared must not be used.
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return folder if own else None


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    before, _config.CACHE_DIR = _config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        _config.CACHE_DIR = before


def _note_compiling(folder: str | None) -> None:
    kept = f"kept in {folder}" if folder else "in every run, as no folder for them can be written; set NUMBA_CACHE_DIR"
    _note("compiling", f"compiling kernels for this processor: up to 20 s of CPU time, {kept}")


def _note(what: str, line: str) -> None:
    if what not in _reported:
        _reported.add(what)
        _log.warning("%s", line)
