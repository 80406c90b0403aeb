"""Figure: checks for matplotlib, styles its figures plainly and saves them as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warpseg.errors import OutputError
from warpseg.files import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_matplotlib", "plain", "save"]


def check_matplotlib(what: str = "figures") -> None:
    """Raise ``OutputError`` if matplotlib is not installed; the message names ``what`` needs it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise OutputError(f"{what} needs matplotlib, which is not installed; pip install 'warpseg[plot]'") from error


def save(figure: Figure, path: Path, *, dpi: int = 110) -> None:
    """Write a figure as PNG, completely or not at all; raises ``OutputError``."""
    with whole(path, parents=True) as part:
        figure.savefig(part, dpi=dpi, format="png", facecolor="white")


def plain(figure: Figure) -> None:
    """Remove the top and right spines and fade the grid."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
