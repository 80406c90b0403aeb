"""Output: a standard output that may be full, closed or unable to show a name without costing any work."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

__all__ = ["Output", "guard_output"]


class Output:
    """Standard output whose errors are reported once on standard error; what follows is discarded."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    @property
    def failed(self) -> bool:
        """True if output was lost, other than by a reader that wanted no more (``| head``)."""
        return self.error is not None and self.error.errno != errno.EPIPE

    def write(self, text: str) -> int:
        """Write at once, line by line, so that an error is met here and not at the end of the program."""
        try:
            self._stream.write(text)
            if "\n" in text:
                self._stream.flush()
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if self.error is None:
            self.error = error
            why = "its reader has closed it" if error.errno == errno.EPIPE else error.strerror
            print(f"note: standard output is lost ({why}); files are written all the same", file=sys.stderr, flush=True)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_output() -> Output:
    """Make standard output an ``Output``, and have both streams escape characters that they cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    output = Output(sys.stdout)
    sys.stdout = output
    return output
