"""Files of a known size, plain or in an archive that is read without being unpacked."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from seqdsl.backends.files import reason
from seqdsl.training.data.failures import failure, shown

_TEXT = 65_536  # bytes that a file without a known size has at most
_SLACK = 2**20  # bytes of an archive for what else is in it


def whole_file(path: Path, size: int | None) -> bytes:
    """A file's bytes. Raises `Failure` where it is of another size."""
    try:
        found = path.stat().st_size
        _check_size(path, shown(path), found, size)
        data = path.read_bytes()
    except FileNotFoundError:
        raise failure("missing-data", f"{shown(path)} does not exist", path) from None
    except OSError as error:
        message = f"{shown(path)} can't be read: {reason(error)}"
        raise failure("unreadable-data", message, path) from None
    _check_size(path, shown(path), len(data), size)
    return data


def members(
    path: Path, sizes: Mapping[str, int | None], published: str
) -> Iterator[tuple[str, bytes]]:
    """The files of some names in a ``.tar.gz``, whatever folders they are in; no more is read
    than all of them hold. Raises `Failure`.
    """
    limit = sum(size or _TEXT for size in sizes.values()) + _SLACK
    try:
        with (
            _Limited(path, limit) as unzipped,
            tarfile.open(fileobj=unzipped, mode="r|") as archive,
        ):
            for member in archive:
                name = member.name.rpartition("/")[2]
                file = archive.extractfile(member) if name in sizes and member.isreg() else None
                if file is not None:
                    _check_size(path, f"{name} in {shown(path)}", member.size, sizes[name])
                    yield name, file.read()
    except (EOFError, tarfile.ReadError) as error:
        cut = isinstance(error, EOFError) or "end of data" in str(error)
        raise _unreadable(path, "is cut off" if cut else None, error, published) from None
    except _TooLargeError as error:
        raise _unreadable(path, "holds more than it should", error, published) from None
    except (OSError, ValueError, zlib.error, tarfile.TarError) as error:
        raise _unreadable(path, None, error, published) from None


class _TooLargeError(Exception):
    pass


class _Limited(gzip.GzipFile):
    """A stream that ends in an error, so that an archive can't fill memory or take for ever."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path, "rb")
        self._unread = limit

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._unread -= len(data)
        if self._unread < 0:
            raise _TooLargeError
        return data


def _unreadable(path: Path, what: str | None, error: Exception, published: str) -> Exception:
    what = what or f"is no archive that can be read: {reason(error)}"
    return failure("unreadable-data", f"{shown(path)} {what}", path, f"get {published} again")


def _check_size(path: Path, called: str, found: int, size: int | None) -> None:
    if size is not None and found != size:
        message = f"{called} is {found:,} bytes, and {size:,} are expected"
        raise failure("unreadable-data", message, path, "it is cut off, or another file")
    if size is None and found > _TEXT:
        raise failure("unreadable-data", f"{called} is {found:,} bytes of names", path)
