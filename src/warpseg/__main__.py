"""Entry point of ``warpseg`` and ``python -m warpseg``: the command line, interruptible from its first moment."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from warpseg.run.interrupt import announce, handle_signals, ignore_signals, was_interrupted

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code; 130 after Ctrl-C, SIGTERM or SIGHUP."""
    handle_signals()
    code: object = 0
    try:
        from warpseg.cli import run  # after the handler: importing takes a moment

        run()
    except KeyboardInterrupt:
        code = 130
    except SystemExit as error:
        code = 130 if was_interrupted() else error.code
    ignore_signals()
    if code == 130:
        announce()
        # Python ends itself by SIGINT if the interrupt once passed through exec(), as in a library's import.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(130)
    sys.exit(code)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
