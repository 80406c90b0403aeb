"""Failures of a network that runs: out of memory or threads, an exit of its own, values that are no scores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from warpseg.errors import InferenceError
from warpseg.messages import explain

__all__ = ["check_finite", "guarded"]


@contextmanager
def guarded(name: str, where: str) -> Iterator[None]:
    """Turn an exit of the network's own code, or lack of memory or threads, into an ``InferenceError``.

    ``where`` names the frames. A network's other errors pass: they are its author's to read.
    """
    try:
        yield
    except SystemExit as error:
        raise InferenceError(
            f"{name}: its code ended the program (exit code {error.code}) at {where}; remove the exit from it"
        ) from error
    except (MemoryError, RuntimeError) as error:
        line = explain(error)
        if line is None:
            raise
        raise InferenceError(f"{name}: {line}, at {where}") from error


def check_finite(scores: Tensor, name: str, frame: int) -> None:
    """Raise ``InferenceError`` if the network ``name`` gave NaN or infinity for a frame."""
    # The sum of finite values may overflow, but then it is infinite: only in that case is every value looked at.
    if torch.isfinite(scores.sum()) or torch.isfinite(scores).all():
        return
    what = "NaN" if torch.isnan(scores).any() else "infinite values"
    raise InferenceError(
        f"{name}: gave {what} for frame {frame}; check its weights, or run it in another --precision (fp32)"
    )
