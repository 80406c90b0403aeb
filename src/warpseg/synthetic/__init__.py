"""Synthetic: renders procedural street scenes with exact labels and motion for every frame."""

from __future__ import annotations

from warpseg.synthetic.street import CLASSES, Street, StreetFrame
from warpseg.synthetic.training import training_frames

__all__ = ["CLASSES", "Street", "StreetFrame", "training_frames"]
