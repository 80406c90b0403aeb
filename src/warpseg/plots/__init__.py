"""Pictures of what was found out; they need matplotlib, which the ``plot`` extra brings."""

from warpseg.plots.collect import Collector
from warpseg.plots.draw import check_matplotlib, draw

__all__ = ["Collector", "check_matplotlib", "draw"]
