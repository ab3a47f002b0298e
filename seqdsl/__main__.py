"""The command ``seqdsl``, and ``python -m seqdsl``."""

from seqdsl.cli.leaving import leave_at_once

leave_at_once()  # before anything that takes time to import


def main() -> None:
    from seqdsl.cli.main import main

    main()


if __name__ == "__main__":
    main()
