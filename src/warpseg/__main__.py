"""``python -m warpseg``: the command line."""

from warpseg.cli import main

main()
