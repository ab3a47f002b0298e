"""Reads source files; what can't be read is a diagnostic."""

from __future__ import annotations

import sys
from pathlib import Path

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.source.text import Source

MAX_SOURCE_BYTES = 1_000_000


def read_source(path: Path, name: str) -> Source:
    """A file's text under the name that diagnostics print. Raises `Failure`."""
    try:
        with path.open("rb") as file:
            return decode(file.read(MAX_SOURCE_BYTES + 1), name)
    except FileNotFoundError:
        raise _failure("missing-file", f"{name} does not exist", name) from None
    except IsADirectoryError:
        raise _failure(
            "is-directory", f"{name} is a directory", name, "name the files in it"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _failure("unreadable-file", f"{name} can't be read: {reason}", name) from None


def read_stdin() -> Source:
    return decode(sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1), "<stdin>")


def decode(data: bytes, name: str) -> Source:
    """Raises `Failure` for what is too large or not UTF-8."""
    if len(data) > MAX_SOURCE_BYTES:
        raise _failure(
            "file-too-large",
            f"{name} is larger than {MAX_SOURCE_BYTES:,} bytes",
            name,
            "split it into files that use one another",
        )
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _failure(
            "not-utf8",
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            name,
            "save the file as UTF-8",
        ) from None


def _failure(code: str, message: str, name: str, help: str | None = None) -> Failure:
    return Failure(Diagnostic(BY_NAME[code], message, None, help=help, name=name))
