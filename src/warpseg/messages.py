"""Messages: texts of others made safe to print, and advice for errors that say nothing."""

from __future__ import annotations

__all__ = ["explain", "printable"]

_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")
_THREADS = ("can't start new thread", "thread creation failed")


def printable(text: object) -> str:
    r"""Return a text as it is, with every character that a terminal would act on or hide escaped (``\x1b``).

    For names and other texts from files: control characters, line ends, and marks that change the direction of writing.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))


def explain(error: BaseException) -> str | None:
    """Return one line about lack of memory or threads, with what to do; None for an error of another kind.

    Libraries raise ``RuntimeError`` for these as well and say so in their message only.
    """
    text = str(error).lower()
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(one in text for one in _MEMORY)):
        return "out of memory; use a smaller --imgsz, --batch 1 or a smaller --memory"
    if isinstance(error, RuntimeError) and any(one in text for one in _THREADS):
        return "no more threads can be started; raise the limit (ulimit -u) or use fewer (OMP_NUM_THREADS=1)"
    return None
