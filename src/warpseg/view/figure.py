"""Figures: matplotlib's presence, plain style and whole-or-absent PNG files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from warpseg.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_matplotlib", "plain", "save"]


def check_matplotlib(what: str = "figures") -> None:
    """Raise ``OutputError`` where matplotlib is not installed; ``what`` needs it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise OutputError(f"{what} needs matplotlib, which is not installed; pip install 'warpseg[plot]'") from error


def save(figure: Figure, path: Path, *, dpi: int = 110, choose: str = "--out") -> None:
    """Write a figure as PNG, whole or not at all; raises ``OutputError``, which names the option to ``choose``."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(part, dpi=dpi, format="png", facecolor="white")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another {choose}") from error


def plain(figure: Figure) -> None:
    """Take away what draws the eye: two spines; and fade the grid."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
