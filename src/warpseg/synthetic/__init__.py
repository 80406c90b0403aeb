"""Synthetic: procedural street scenes with exact labels and motion for every frame."""

from warpseg.synthetic.street import CLASSES, Street, StreetFrame
from warpseg.synthetic.training import training_frames

__all__ = ["CLASSES", "Street", "StreetFrame", "training_frames"]
