"""Accuracy: metrics of methods at every distance from the keyframe, with the rotating keyframe offset."""
