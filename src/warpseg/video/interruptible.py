"""Interruptible reading: calls that may wait for ever are made in a thread that can be left behind.

FFmpeg's reads block outside Python, where neither Ctrl-C nor another thread reaches them. The caller waits for the
thread instead, which any signal or time limit can end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

__all__ = ["Abandoned", "Reader", "give_up_when"]

T = TypeVar("T")
_END = object()
_SLICE = 0.2  # seconds between looks at what else may end a wait


def _never() -> bool:
    return False


_wanted: Callable[[], bool] = _never


def give_up_when(wanted: Callable[[], bool]) -> None:
    """Give up waits when ``wanted()`` is true: for programs that hold signals back while they write."""
    global _wanted
    _wanted = wanted


class Abandoned(Exception):
    """The wait was given up: the source is being closed."""


class Reader:
    """Daemon thread that makes the calls of one source, one at a time.

    A call that is given up (by a signal, a time limit or ``interrupt``) goes on in the thread; nothing but closing may
    follow, and that happens in the thread once the call returns.
    """

    def __init__(self, limit: float | None) -> None:
        """Start the thread; ``limit`` is the seconds that a call may take, None for no limit."""
        self._limit = limit
        self._jobs: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._given_up = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="warpseg-reader")
        self._thread.start()

    def call(self, job: Callable[[], T]) -> T:
        """Return what ``job`` returns or raise what it raises.

        Raises ``TimeoutError`` past the limit, and ``Abandoned`` once the reader was interrupted.
        """
        if self._given_up:
            raise Abandoned
        self._jobs.put(job)
        finished = False
        try:
            value, error = self._answer()
            finished = not isinstance(error, Abandoned)
        finally:
            self._given_up = self._given_up or not finished
        if error is not None:
            raise error
        return cast(T, value)

    def iterate(self, items: Iterator[T]) -> Iterator[T]:
        """Yield ``items``, each taken in the thread."""
        while (item := self.call(lambda: next(items, _END))) is not _END:
            yield cast(T, item)

    def interrupt(self) -> None:
        """End the wait of another thread's call, which raises ``Abandoned``."""
        self._given_up = True
        self._answers.put((None, Abandoned()))

    def close(self, last: Callable[[], None]) -> None:
        """Make one last call and end the thread: now, or after the call that was given up."""
        self._jobs.put(last)
        self._jobs.put(None)
        if not self._given_up:
            self._thread.join()

    def _answer(self) -> tuple[Any, BaseException | None]:
        deadline = None if self._limit is None else time.monotonic() + self._limit
        while True:
            with suppress(Empty):
                return self._answers.get(timeout=_SLICE)
            if _wanted():
                raise TimeoutError("interrupted")
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"no data for {self._limit:g} s")

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            answer: tuple[Any, BaseException | None]
            try:
                answer = job(), None
            except BaseException as error:
                answer = None, error
            self._answers.put(answer)
            del job, answer  # neither is held while waiting for the next
