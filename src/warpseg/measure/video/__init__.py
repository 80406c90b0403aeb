"""Video: facts of a source and how far its motion carries; ``inspect`` looks at sampled frames."""

from warpseg.measure.video.inspection import Inspection, Measured, inspect

__all__ = ["Inspection", "Measured", "inspect"]
