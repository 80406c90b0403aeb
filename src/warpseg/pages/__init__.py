"""Pages that people look at: a run, an evaluation, two runs side by side, each one self-contained HTML file."""

from __future__ import annotations

from warpseg.pages.collect import Collected
from warpseg.pages.compare import compare
from warpseg.pages.run import write_evaluation, write_report
from warpseg.pages.runs import Run
from warpseg.pages.versus import write_comparison

__all__ = ["Collected", "Run", "compare", "write_comparison", "write_evaluation", "write_report"]
