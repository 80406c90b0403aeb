"""What a video is made of, and how far its motion carries: ``inspect`` looks at some frames and tells."""

from warpseg.info.inspection import Inspection, Measured, inspect

__all__ = ["Inspection", "Measured", "inspect"]
