"""``python -m seqdsl`` is the same program as ``seqdsl``."""

from seqdsl.cli.main import main

main()
