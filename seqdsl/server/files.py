"""Files as an editor has them: what is open counts, not what was saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from seqdsl.semantic.names.reading import DISK
from seqdsl.source.discover import discover
from seqdsl.source.resources import resource
from seqdsl.source.text import Source


def path_of(uri: str) -> Path | None:
    """The path of a file; None for a document that is none yet."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    return Path(url2pathname(parts.path))


def canonical(uri: str) -> str:
    """The address of a file as `uri_of` spells it; an editor may escape other characters."""
    path = path_of(uri)
    return uri if path is None or not path.is_absolute() else path.as_uri()


def uri_of(source: Source) -> str:
    """The address of a file, or of a module of the standard library."""
    if source.library:
        return Path(str(resource("architectures").joinpath(source.name))).as_uri()
    path = Path(source.name)
    return path.as_uri() if path.is_absolute() else source.name


class EditorFiles:
    """Implements `Files`: the texts of open documents by their paths, and the disk behind them."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self._open: dict[Path, str] = {}

    def put(self, path: Path, text: str) -> None:
        self._open[self.locate(path)] = text

    def drop(self, path: Path) -> None:
        self._open.pop(self.locate(path), None)

    def locate(self, path: Path) -> Path:
        return DISK.locate(path)

    def read(self, path: Path, name: str) -> Source:
        text = self._open.get(self.locate(path))
        return DISK.read(path, name) if text is None else Source(name, text)

    def exists(self, path: Path) -> bool:
        return self.locate(path) in self._open or DISK.exists(path)

    def sources(self, folder: Path) -> list[str]:
        opened = (path.name for path in self._open if path.parent == folder)
        return list({*DISK.sources(folder), *opened})

    def project(self) -> Iterator[Path]:
        """Every source of the open folders, and every open document."""
        found = {self.locate(Path(name)) for name in discover([str(f) for f in self.folders])}
        yield from sorted(found | set(self._open))
