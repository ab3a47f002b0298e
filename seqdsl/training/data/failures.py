"""What is wrong with data, as diagnostics."""

from __future__ import annotations

import os
from pathlib import Path

from seqdsl.source.diagnostic import Failure, unlocated


def failure(code: str, message: str, path: Path | None = None, help: str | None = None) -> Failure:
    return unlocated(code, message, "--data" if path is None else shown(path), help)


def shown(path: str | Path) -> str:
    """A path as text that can be printed, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def reason(error: BaseException) -> str:
    """A library's or the system's words for what went wrong, without its own path."""
    told = (isinstance(error, OSError) and error.strerror) or str(error)
    return told.strip().rstrip(".") or type(error).__name__
