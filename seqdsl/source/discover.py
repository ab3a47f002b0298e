"""The .seq files that a command's arguments name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIX = ".seq"
STDIN = "-"


def discover(paths: Sequence[str]) -> list[str]:
    """The files that paths name, each once: files as they are given, folders walked.

    A folder gives its .seq files, by name and depth first, each under the folder's name as it was
    given; hidden files and folders are left out, what git ignores is, and links to folders are
    not followed. What is no folder passes through: reading it says what is wrong with it.
    """
    found: dict[str, str] = {}
    for path in paths:
        files = (name for name, folder in _walk(Path(path)) if not folder)
        for name in files if _is_folder(path) else (path,):
            found.setdefault(name if name == STDIN else os.path.realpath(name), name)
    return list(found.values())


def folders(paths: Sequence[str]) -> list[str]:
    """The folders that `discover` looks into: for who waits for new files."""
    return [name for path in paths if _is_folder(path) for name, folder in _walk(Path(path))
            if folder]  # fmt: skip


def _is_folder(path: str) -> bool:
    return path != STDIN and Path(path).is_dir()


def _is_broken(entry: os.DirEntry[str]) -> bool:
    """A link to nothing: reading it says so. Pipes and devices would be waited for."""
    return entry.is_symlink() and not Path(entry.path).exists()


def _walk(top: Path) -> Iterator[tuple[str, bool]]:
    """Files and folders. A folder that can't be listed is a file: reading it says why."""
    from seqdsl.source.gitignore import Ignored, ignored_in  # a file that is named needs no rules

    real = top.resolve()
    waiting: list[tuple[Path, Path, Ignored | None]] = [(top, real, ignored_in(real))]
    while waiting:
        path, real, ignored = waiting.pop()
        if ignored is None:
            yield str(path), False
            continue
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True)
        except OSError:
            yield str(path), False
            continue
        yield str(path), True
        for entry in entries:
            at, folder = real / entry.name, entry.is_dir(follow_symlinks=False)
            if entry.name.startswith(".") or ignored.excludes(at, folder):
                continue
            if folder:
                waiting.append((path / entry.name, at, ignored.within(at)))
            elif entry.name.endswith(SUFFIX) and (entry.is_file() or _is_broken(entry)):
                waiting.append((path / entry.name, at, None))
