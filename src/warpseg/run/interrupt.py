"""Interrupt: Ctrl-C stops the work and keeps finished results."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Interrupt", "one_interrupt"]


class Interrupt:
    """The first interrupt stops the work; while outputs are being closed, and after the first, others wait."""

    def __init__(self) -> None:
        self.closing = False
        self.asked = False

    def __call__(self, number: int, frame: object) -> None:
        """Handle the signal."""
        waits, self.asked = self.closing or self.asked, True
        if not waits:
            raise KeyboardInterrupt


@contextmanager
def one_interrupt() -> Iterator[Interrupt]:
    """Handle Ctrl-C within the ``with`` block; set ``closing`` when outputs begin to be closed."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if interrupt.asked:  # only while closing, else it would have been raised
        raise KeyboardInterrupt
