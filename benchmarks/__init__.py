"""Benchmarks: every number and figure of README and docs, by one command, ``python -m benchmarks``."""
