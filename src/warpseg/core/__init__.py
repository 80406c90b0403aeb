"""Core: the paper. Schemes, propagation, fusion, keyframes and geometry; no files, threads, codecs or commands."""
