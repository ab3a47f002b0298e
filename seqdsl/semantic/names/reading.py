"""Reads source files from where they are kept; what can't be read is a diagnostic."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.kinds import kind_of
from seqdsl.source.limits import LIMITS, way_on
from seqdsl.source.text import Source


class Files(Protocol):
    """Where a program's files are kept: on disk, or in a git revision."""

    def locate(self, path: Path) -> Path:
        """The absolute path of a file, by which it is known; links are followed on disk."""

    def read(self, path: Path, name: str) -> Source:
        """A file's text under the name that diagnostics print. Raises `Failure`."""

    def exists(self, path: Path) -> bool: ...

    def sources(self, folder: Path) -> list[str]:
        """The names of the `.seq` files of a folder; none where it does not exist."""


class Disk:
    """Files as they are now."""

    def locate(self, path: Path) -> Path:
        return path.resolve()

    def read(self, path: Path, name: str) -> Source:
        try:
            with path.open("rb") as file:
                return decode(file.read(LIMITS.get().bytes + 1), name)
        except FileNotFoundError:
            raise missing(name) from None
        except IsADirectoryError:
            raise is_directory(name, _way_into(path, self.sources(path))) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise unlocated("unreadable-file", f"{name} can't be read: {reason}", name) from None

    def exists(self, path: Path) -> bool:
        return path.exists()

    def sources(self, folder: Path) -> list[str]:
        try:
            return [path.name for path in folder.glob("*.seq")] if folder.is_dir() else []
        except OSError:  # such as a path that is too long
            return []


DISK = Disk()


class Overlay:
    """Files of which some have another text, without being written."""

    def __init__(self, files: Files, texts: Mapping[Source, str]) -> None:
        self._files = files
        self._texts = {(source.name, source.text): text for source, text in texts.items()}

    def locate(self, path: Path) -> Path:
        return self._files.locate(path)

    def read(self, path: Path, name: str) -> Source:
        source = self._files.read(path, name)
        return Source(name, self._texts.get((name, source.text), source.text))

    def exists(self, path: Path) -> bool:
        return self._files.exists(path)

    def sources(self, folder: Path) -> list[str]:
        return self._files.sources(folder)


def read_stdin() -> Source:
    return decode(sys.stdin.buffer.read(LIMITS.get().bytes + 1), "<stdin>")


def decode(data: bytes, name: str) -> Source:
    """Raises `Failure` for what is of another kind, too large or not UTF-8."""
    require_source(name, data)
    if len(data) > LIMITS.get().bytes:
        raise too_large(name)
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise unlocated(
            "not-utf8",
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            name,
            "save the file as UTF-8",
        ) from None


def missing(name: str, help: str | None = None) -> Failure:
    return unlocated("missing-file", f"{name} does not exist", name, help)


def require_source(name: str, data: bytes = b"") -> None:
    """Raises `Failure` for a file of another kind, such as a model: it says which command takes it.

    Without ``data`` the end of its name decides.
    """
    kind = kind_of(name, data)
    if kind is not None:
        message = f"{name} is {kind.what}, and a .seq file is needed"
        raise unlocated("other-kind", message, name, kind.way.format(name))


def is_directory(name: str, help: str = "name a .seq file in it") -> Failure:
    return unlocated("is-directory", f"{name} is a directory", name, help)


def _way_into(folder: Path, sources: list[str]) -> str:
    """What to name in place of a folder."""
    if sources:
        more = f" or another of its {len(sources)} .seq files" if len(sources) > 1 else ""
        return f"name {min(sources)} in it{more}; `check` and `fmt` take whole folders"
    if (folder / "run.json").exists():
        return "it is a run of `train`: name its network's .seq file; `plot curves` takes runs"
    return "name a .seq file; this folder has none"


def too_large(name: str) -> Failure:
    return unlocated(
        "file-too-large",
        f"{name} is larger than {LIMITS.get().bytes:,} bytes",
        name,
        f"split it into files that use one another; {way_on('bytes')}",
    )
