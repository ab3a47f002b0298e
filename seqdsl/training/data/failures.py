"""What is wrong with data, as diagnostics."""

from __future__ import annotations

import os
from pathlib import Path

from seqdsl.source.codes import CodeName
from seqdsl.source.diagnostic import Failure, unlocated


def failure(
    code: CodeName, message: str, path: Path | None = None, help: str | None = None
) -> Failure:
    return unlocated(code, message, "--data" if path is None else shown(path), help)


def shown(path: str | Path) -> str:
    """A path as text that can be printed, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
