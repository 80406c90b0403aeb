"""Run: one source to files, with its record (``run.json``) and its page."""
