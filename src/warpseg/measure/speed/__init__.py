"""Speed of ``warpseg segment`` on this machine, end to end and stage by stage."""
