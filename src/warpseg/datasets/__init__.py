"""Data sets: labelled video as clips of frames and label images."""
