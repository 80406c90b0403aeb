"""Training networks, the embedded one for now."""
