"""Calibration: the largest interval that meets a target, searched on samples of video, with a confidence bound."""
