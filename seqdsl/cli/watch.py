"""Follows files: what changed is checked again, and what uses it."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, NoReturn, TypeAlias, TypeVar

import click

from seqdsl.cli.common import use_color
from seqdsl.cli.leaving import stopping
from seqdsl.semantic.names.modules import load_program
from seqdsl.semantic.names.reading import Disk
from seqdsl.source.diagnostic import Failure
from seqdsl.source.discover import discover, folders
from seqdsl.source.render_text import printable
from seqdsl.source.text import Source

T = TypeVar("T")
Stamp: TypeAlias = tuple[int, ...] | str | None  # of a file, where a link leads, or nothing

_PATIENCE = 500  # milliseconds that a file may be gone while it is saved
_NAMED = 3  # files in a heading
_LINKS = 40  # that are followed, as systems do: some go in circles


def watch(
    paths: Sequence[str],
    check: Callable[[str], T],
    report: Callable[[Sequence[T]], None],
) -> NoReturn:
    """Checks and reports, and again at each change, until it is interrupted."""
    watched = Watched(paths, check)
    watched.look()
    _heading(f"watching {', '.join(paths)} (Ctrl-C ends)")
    report(watched.checked)
    for changed in changes(watched):
        click.echo("", err=True)
        _heading(f"{listed(changed)} changed")
        report(watched.checked)
    raise AssertionError("changes have no end")


def changes(watched: Watched[T]) -> Iterator[set[Path]]:
    """Looks again whenever something changes, and gives what did, until the command is ended."""
    from watchfiles import watch as changes_in

    with stopping() as stop:
        while not stop.is_set():
            places = watched.places()
            events = changes_in(
                *places, recursive=False, watch_filter=None, rust_timeout=_PATIENCE,
                yield_on_timeout=True, stop_event=stop,
            )  # fmt: skip
            with suppress(FileNotFoundError):  # of a folder that has just gone
                for number, event in enumerate(events):
                    if not event and number and not watched.missing:
                        continue  # the first look is for what changed before places were watched
                    changed = watched.look()
                    if changed:
                        yield changed
                    if watched.places() != places:
                        break


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """What a file came to, and the state of all that was read for it."""

    checked: T
    stamps: dict[Path, Stamp]


class Watched(Generic[T]):
    """The files that paths stand for, as they were when last looked at, and what each came to."""

    def __init__(self, paths: Sequence[str], check: Callable[[str], T]) -> None:
        self._paths, self._check = paths, check
        self._seen: dict[str, _Seen[T]] = {}
        self.missing: set[Path] = set()  # gone when last looked at, perhaps to come back

    @property
    def checked(self) -> list[T]:
        return [seen.checked for seen in self._seen.values()]

    def look(self) -> set[Path]:
        """Checks the files that changed or use one that did; gives all that changed.

        What is gone is given until the next look to come back: many editors save so.
        """
        known = {path: was for seen in self._seen.values() for path, was in seen.stamps.items()}
        now = {path: _stamp(path) for path in known}
        gone = {path for path, was in known.items() if was is not None and now[path] is None}
        if gone - self.missing:
            self.missing = gone
            return set()
        self.missing = set()
        before, self._seen = self._seen, {}
        changed = {path for path, was in known.items() if now[path] != was}
        for file in discover(self._paths):
            seen = before.pop(file, None)
            if seen is None or not changed.isdisjoint(seen.stamps):
                stamps = _read_for(file)
                changed |= set() if seen else {_real(file)}
                seen = _Seen(self._check(file), stamps)
            self._seen[file] = seen
        return changed | {_real(file) for file in before}

    def places(self) -> set[str]:
        """The folders where something may change, each under a path without links."""
        files = {path for seen in self._seen.values() for path in seen.stamps}
        given = map(Path, self._paths)
        files |= {link for path in given for link in _links(path)}
        folders_in = {path.parent if path.is_symlink() else path for path in files}
        wanted = {*map(Path.absolute, map(Path, (*self._paths, *folders(self._paths))))}
        found = (
            next(p for p in (path, *path.parents) if p.is_dir()) for path in wanted | folders_in
        )
        return {os.path.realpath(path) for path in found}


class _Recording(Disk):
    """Files as they are now, and the state of each before it was read; of links to them, too."""

    def __init__(self) -> None:
        self.stamps: dict[Path, Stamp] = {}

    def locate(self, path: Path) -> Path:
        self._note(*_links(path))
        return super().locate(path)

    def read(self, path: Path, name: str) -> Source:
        self._note(*_links(path), _real(path))
        return super().read(path, name)

    def _note(self, *paths: Path) -> None:
        self.stamps |= {path: _stamp(path) for path in paths}


def _read_for(file: str) -> dict[Path, Stamp]:
    """A file and all that it uses, what is missing too."""
    files = _Recording()
    with suppress(Failure):  # checking the file says so
        load_program(files.read(Path(file), file), Path(file), files)
    return files.stamps


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def _stamp(path: Path) -> Stamp:
    try:
        if path.is_symlink():
            return str(path.readlink())
        state = path.stat()
    except (OSError, ValueError):
        return None
    return (state.st_mtime_ns, state.st_size, state.st_ino)


def _links(path: Path) -> Iterator[Path]:
    """The links that lead to a file, those of folders too, each under a path without links."""
    start = path.absolute()
    at, names = Path(start.anchor), deque(start.parts[1:])
    followed = 0
    while names and followed < _LINKS:
        name = names.popleft()
        at = at.parent if name == ".." else at / name
        with suppress(OSError):  # such as a name that is too long
            if at.is_symlink():
                yield at
                followed += 1
                target = at.readlink()
                at = Path(target.anchor) if target.anchor else at.parent
                names.extendleft(reversed(target.parts[1:] if target.anchor else target.parts))


def _heading(text: str) -> None:
    if sys.stderr.isatty():
        click.clear()
    line = printable(f"{datetime.now():%H:%M:%S}  {text}")
    click.echo(click.style(line, bold=True) if use_color(sys.stderr) else line, err=True)


def listed(paths: set[Path]) -> str:
    """The names as one would type them, and how many more there are."""
    here = Path.cwd()
    names = sorted(str(p.relative_to(here) if p.is_relative_to(here) else p) for p in paths)
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
