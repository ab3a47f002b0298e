"""The command ``seqdsl``, and ``python -m seqdsl``."""

import sys

from seqdsl.cli.leaving import leave_at_once

leave_at_once()  # before anything that takes time to import


def main() -> None:
    try:
        from seqdsl.cli.main import main
    except ImportError as error:  # click: without it nothing can be said as commands say it
        from seqdsl.cli.missing import missing_library

        found = missing_library(error)
        if found is None:
            raise
        sys.exit(_tell(*found))
    main()


def _tell(message: str, line: str) -> int:
    print(f"seqdsl: {message}\n  help: {line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
