"""Libraries of the benchmarks: clips, networks, methods, results and pages."""
