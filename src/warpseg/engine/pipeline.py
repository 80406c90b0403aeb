"""Pipeline: stages that run at the same time, each in a thread of its own, with bounded queues between them.

A stage is an iterator that takes from the one before it::

    with Threads() as pipeline:
        decoded = pipeline(decode(source), waiting=4)  # up to 4 pictures ahead
        for result in pipeline(work(decoded), waiting=1):
            ...

``Threads`` owns the threads and runs each stage ahead of its consumer; ``Inline`` runs it in the consumer's thread, so
that nothing is read before it is asked for. Items and errors come in the same order either way.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

import torch

__all__ = ["Inline", "Pipeline", "Threads"]

T = TypeVar("T")
_Job: TypeAlias = tuple[Future[Any], Callable[[], Any]]
_PATIENCE = 0.8  # seconds that closing waits for stages that are in the middle of something


class Pipeline(Protocol):
    """Joins stages."""

    workers: int  # jobs done at the same time

    def __call__(self, items: Iterator[T], *, waiting: int) -> Iterator[T]:
        """Return ``items``, of which ``waiting`` at most are made before they are taken."""

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Queue a job, in no order; its result or error is in the future."""

    def close(self) -> None:
        """Stop all stages and jobs."""


class Inline:
    """Everything in the caller's thread, when asked for."""

    workers = 1
    torch_threads = 1

    def __call__(self, items: Iterator[T], *, waiting: int) -> Iterator[T]:
        """Return ``items``."""
        return items

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Do the job now."""
        future: Future[T] = Future()
        _settle(future, job)
        return future

    def close(self) -> None:
        """Do nothing: no stage runs by itself."""


class Threads:
    """A thread for every stage and ``workers`` for jobs, until it is closed; a context manager.

    torch works with ``torch_threads`` threads in each worker and with one in each stage: threads that divide the small
    operations of several stages among each other spend more time waiting for cores than they save.
    """

    def __init__(self, workers: int = 1, torch_threads: int | None = None) -> None:
        self.workers = workers
        self.torch_threads = torch_threads or max(torch.get_num_threads() // workers, 1)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._belts: list[_Belt[Any]] = []
        self._jobs: _Belt[_Job] = self._belt(None)
        for _ in range(workers):
            self._start(self._work, self.torch_threads)

    def __call__(self, items: Iterator[T], *, waiting: int) -> Iterator[T]:
        """Start a thread that takes from ``items``, at most ``waiting`` ahead of the consumer.

        An error of ``items`` is raised where the item would have come. The thread closes ``items`` when it ends.
        """
        belt: _Belt[T] = self._belt(waiting)
        self._start(lambda: _carry(items, belt), 1)
        return belt.items()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Queue the job for a worker."""
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future

    def close(self) -> None:
        """Stop all stages and wait for them, though not long for one that cannot be interrupted.

        Such a stage ends by itself after its current item.
        """
        if self._stopped.is_set():
            return
        self._stopped.set()
        for belt in self._belts:
            belt.wake()
        for future, _ in self._jobs.left():
            future.set_exception(_Stopped())  # a stage may be waiting for it
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _belt(self, room: int | None) -> _Belt[Any]:
        belt: _Belt[Any] = _Belt(room, self._stopped)
        self._belts.append(belt)
        return belt

    def _work(self) -> None:
        with suppress(_Stopped):
            for future, job in self._jobs.items():
                _settle(future, job)

    def _start(self, run: Callable[[], None], torch_threads: int) -> None:
        """Start a daemon thread: one that is stuck in a network must not keep the program from ending."""
        before, ready = torch.get_num_threads(), threading.Event()

        def begin() -> None:
            torch.get_num_threads()  # a thread's first call takes the number set last, in any thread
            torch.set_num_threads(torch_threads)
            ready.set()
            run()

        thread = threading.Thread(target=begin, daemon=True, name=f"warpseg-{len(self._threads)}")
        thread.start()
        # From then on the number is the thread's own; threads started elsewhere begin with the number of before.
        ready.wait()
        torch.set_num_threads(before)
        self._threads.append(thread)


class _Stopped(Exception):
    """The pipeline was closed."""


class _Belt(Generic[T]):
    """Items on their way from one thread to another."""

    def __init__(self, room: int | None, stopped: threading.Event) -> None:
        self._room = room  # None: no bound
        self._stopped = stopped
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Add an item when there is room; raises ``_Stopped`` once the pipeline is closed."""
        with self._changed:
            while self._room is not None and len(self._items) >= self._room and not self._stopped.is_set():
                self._changed.wait()
            if self._stopped.is_set():
                raise _Stopped
            self._items.append(item)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Mark the end of the items, with the error that ended them, if any."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def wake(self) -> None:
        """Wake waiting threads, which then see that the pipeline is closed."""
        with self._changed:
            self._changed.notify_all()

    def left(self) -> list[T]:
        """Remove and return the items not yet taken."""
        with self._changed:
            left, self._items = list(self._items), deque()
            return left

    def items(self) -> Iterator[T]:
        """Yield items until they end; raise the error there, and ``_Stopped`` once the pipeline is closed."""
        while True:
            with self._changed:
                while not self._items and not self._ended and not self._stopped.is_set():
                    self._changed.wait()
                if self._stopped.is_set():
                    raise _Stopped
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def _carry(items: Iterator[T], belt: _Belt[T]) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            belt.put(item)
            del item  # drop our reference so that the item can be freed
    except _Stopped:
        pass
    except BaseException as raised:  # raised again where the items are taken
        error = raised
    finally:
        if isinstance(items, Generator):
            with suppress(Exception):  # the error that matters is the one above
                items.close()
        belt.end(error)


def _settle(future: Future[T], job: Callable[[], T]) -> None:
    try:
        future.set_result(job())
    except BaseException as error:
        future.set_exception(error)
