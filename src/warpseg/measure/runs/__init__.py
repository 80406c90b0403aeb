"""Runs: two finished runs compared, in numbers and as a page."""
