"""Measure: accuracy, speed, calibration, the paper's tables, videos and pairs of runs."""
