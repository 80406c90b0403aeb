"""The largest interval that keeps a promise: searched on samples of video, bounded, written down as a profile."""
