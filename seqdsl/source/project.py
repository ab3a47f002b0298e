"""Where a project begins, and files as paths within it: what is written to be passed on names no
folder of the machine that wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from seqdsl.source.text import Source

MARKS = (".git", "pyproject.toml")


def project_root(folder: Path, exists: Callable[[Path], bool] = Path.exists) -> Path | None:
    """The nearest folder upwards that holds a project; None where none does."""
    for candidate in (folder, *folder.parents):
        if any(exists(candidate / mark) for mark in MARKS):
            return candidate
    return None


def project_path(name: str) -> str:
    """A file as a path from its project's root, or as its name alone where it is in no project.

    ``name`` is what diagnostics call it, perhaps of a revision: ``HEAD~1:net.seq``. What names no
    file, such as standard input, stays as it is.
    """
    revision, path = _divided(name)
    if not path.is_absolute() and not path.exists():
        return name
    full = _full(path)
    root = project_root(full.parent)
    return revision + (full.name if root is None else full.relative_to(root).as_posix())


def project_paths(names: Sequence[str]) -> list[str]:
    """`project_path` of each; files that would share one have folders before it that differ."""
    found = [project_path(name) for name in names]
    if len(set(found)) == len(set(names)):
        return found
    shared = Counter(path for path, _ in set(zip(found, names, strict=True)))
    full = {name: _full(_divided(name)[1]).parts for name in names}
    for count in range(2, max(map(len, full.values()))):
        longer = [
            _divided(name)[0] + "/".join(full[name][-count:]) if shared[path] > 1 else path
            for name, path in zip(names, found, strict=True)
        ]
        if len(set(longer)) == len(set(names)):
            return longer
    return found


def source_path(source: Source) -> str:
    """`project_path` of a source; a module of the library has its own name."""
    return source.title if source.library or source.given else project_path(source.name)


def _full(path: Path) -> Path:
    """The absolute path of a file: of a link itself, and not of what it leads to."""
    return path.parent.resolve() / path.name


def _divided(name: str) -> tuple[str, Path]:
    """The revision that a name begins with, with its colon, and the file."""
    path = Path(name)
    if path.is_absolute() or path.exists():
        return "", path
    revision, colon, file = name.rpartition(":")
    return revision + colon, Path(file)
