"""How fast ``warpseg segment`` is on this machine, and where the time goes."""
