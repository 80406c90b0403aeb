"""Interrupt: Ctrl-C, SIGTERM and SIGHUP stop the work once, keep finished results and end in one line.

Programs call ``handle_signals`` first thing. The first signal raises ``KeyboardInterrupt`` in the main thread, whatever
it is doing; later ones change nothing, so that no second Ctrl-C cuts off what the first set going. While a frame is
written or outputs are closed (``uninterrupted``) the first one waits as well.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = [
    "announce",
    "handle_signals",
    "ignore_signals",
    "interruptible",
    "is_asked",
    "uninterrupted",
    "was_interrupted",
]

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _State:
    """The process's only interrupt."""

    asked = False  # a signal came
    raised = False  # and KeyboardInterrupt with it
    deferred = 0  # blocks of ``uninterrupted`` that are open
    announced = False  # the line on standard error is out

    def handle(self, number: int, frame: object) -> None:
        self.asked = True
        if not self.raised and not self.deferred:
            self.raised = True
            raise KeyboardInterrupt


_state = _State()


def handle_signals() -> None:
    """Let the first SIGINT, SIGTERM or SIGHUP raise ``KeyboardInterrupt``; for programs, once, at their start."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup asks for SIGHUP to be ignored
            signal.signal(number, _state.handle)
    before: Callable[[sys.UnraisableHookArgs], object] = sys.unraisablehook

    def again(unraisable: sys.UnraisableHookArgs) -> None:
        # An interrupt inside a destructor or a callback would be printed and lost: it is raised again outside of it.
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            _state.raised = False
            _thread.interrupt_main()
        else:
            before(unraisable)

    sys.unraisablehook = again


def ignore_signals() -> None:
    """Ignore further signals: the work is done, and its exit code decided."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def is_asked() -> bool:
    """Return whether a signal came, though it may have to wait."""
    return _state.asked


def was_interrupted() -> bool:
    """Return whether a signal has stopped the work."""
    return _state.raised


def announce(kept: str = "") -> None:
    """Print the one line about the interrupt, with what was kept; once per process."""
    if not _state.announced:
        _state.announced = True
        print(f"interrupted{kept}", file=sys.stderr, flush=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Handle Ctrl-C within the block, in libraries as in programs; elsewhere than in the main thread, do nothing."""
    own = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) != _state.handle
    if not own:
        yield
        return
    _state.asked = _state.raised = False
    before = signal.signal(signal.SIGINT, _state.handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep signals from dividing the block; one that came raises ``KeyboardInterrupt`` at its end."""
    _state.deferred += 1
    try:
        yield
    finally:
        _state.deferred -= 1
    if _state.asked and not _state.raised and not _state.deferred:
        _state.raised = True
        raise KeyboardInterrupt
