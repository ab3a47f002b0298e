"""Files: those that can't be had are diagnostics, and those that are written are written whole."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from errno import EINVAL
from pathlib import Path
from typing import IO

from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.timing import stage


def first_bytes(path: Path, count: int) -> bytes:
    """The first bytes of a file. Raises `Failure` where the file can't be had."""
    try:
        if path.is_fifo():
            raise OSError(EINVAL, "it is a pipe, and no file")
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise unlocated("missing-file", f"{path} does not exist", path) from None
    except IsADirectoryError:
        raise unlocated("is-directory", f"{path} is a directory", path, "name a file") from None
    except (OSError, ValueError) as error:
        raise unlocated("unreadable-file", f"{path} can't be read: {reason(error)}", path) from None


def read_text(path: Path, longest: int) -> str:
    """Read a file of text, less a byte order mark.

    Raises `Failure` where the file can't be had, and ValueError where it is longer or not UTF-8.
    """
    data = first_bytes(path, longest + 1)
    if len(data) > longest:
        raise ValueError(f"it has more than {longest:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start} is 0x{data[error.start]:02x}"
        raise ValueError(f"it is not UTF-8: {byte}") from None


def require_readable(path: Path) -> None:
    """Raise `Failure` where a file can't be had, before a library reads it."""
    first_bytes(path, 1)


def regular_bytes(path: Path) -> bytes:
    """All of a file. Raises OSError, for a pipe, too, that nobody may ever write to."""
    if path.exists() and not path.is_file():
        raise OSError(EINVAL, "it is no regular file")
    return path.read_bytes()


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file, or leaves what was there: never half of one. Raises `Failure`."""
    try:
        with stage("write"):
            _write(path, data)
    except (OSError, RuntimeError, ValueError) as error:  # of a circle of links, of a NUL
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError | RuntimeError | ValueError) -> Failure:
    """Why an output can't be written, under the name that the user gave."""
    if path.is_dir():
        return unlocated("unwritable-output", f"{path} is a directory", path, "name a file in it")
    if not path.parent.is_dir():
        message = f"{path} can't be written: there is no folder {path.parent}"
        return unlocated("unwritable-output", message, path, "make the folder first")
    return unlocated("unwritable-output", f"{path} can't be written: {reason(error)}", path)


def _write(path: Path, data: bytes) -> None:
    path = path.resolve()  # a link stays one
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)  # a device or a pipe is written to, and never replaced
        return
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".seqdsl.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write_through(file, data)
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def write_through(file: IO[bytes], data: bytes) -> None:
    """Writes to the disk itself, and not to what the system keeps for it."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _mode(path: Path) -> int:
    """The rights of the file that is replaced, or of a new one."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def reason(error: BaseException) -> str:
    """The system's or a library's first line on what went wrong, without a path of its own."""
    told = (isinstance(error, OSError) and error.strerror) or str(error)
    lines = told.strip().splitlines()
    return lines[0][:_LONG].rstrip(".") if lines else type(error).__name__


_LONG = 200  # characters of a reason
