"""Procedural street scenes with exact labels and motion for every frame, and an encoder for test videos."""

from .encode import encode
from .street import CLASSES, Street, StreetFrame
from .training import training_frames

__all__ = ["CLASSES", "Street", "StreetFrame", "encode", "training_frames"]
