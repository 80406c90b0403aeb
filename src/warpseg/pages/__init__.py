"""Pages that people look at: a run, an evaluation, two runs side by side, each one self-contained HTML file."""

from __future__ import annotations

from warpseg.pages.collect import Collected
from warpseg.pages.run import write_report

__all__ = ["Collected", "write_report"]
