"""The environment variables that the program reads itself."""

from __future__ import annotations

COMPLETE = "_SEQDSL_COMPLETE"  # set by a shell that asks for completions
LIMITS = "SEQDSL_LIMITS"  # NAME=VALUE, separated by commas
TRACEBACK = "SEQDSL_TRACEBACK"  # shows where an internal error was raised
