"""Files as a git revision has them, told by git itself; the working tree is not touched."""

from __future__ import annotations

import os
import subprocess
from os.path import normpath, relpath
from pathlib import Path

from seqdsl.semantic.names.reading import (
    decode,
    is_directory,
    missing,
    require_source,
    too_large,
)
from seqdsl.source.diagnostic import unlocated
from seqdsl.source.frozen import frozen
from seqdsl.source.limits import LIMITS
from seqdsl.source.text import Source

MAX_LINKS = 40  # from one link to the next


@frozen
class _Entry:
    """What git keeps under a name: a commit, a tree (a folder) or a blob (a file)."""

    id: str
    kind: str
    size: int  # in bytes


class Revision:
    """The files of a commit, under the paths that they have in the working tree.

    ``near`` is a path in the repository; it need not exist now. Raises `Failure` where the
    revision does not exist, or no git.
    """

    def __init__(self, name: str, near: Path) -> None:
        self.name = name
        self._asked = f"{name}:{near}"
        here = near.absolute().parent
        while not here.is_dir():
            here = here.parent
        done = self._git(here, "rev-parse", "--show-toplevel")
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise unlocated("no-git", told.removeprefix("fatal: "), self._asked)
        self._root = Path(os.fsdecode(done.stdout.rstrip(b"\n")))
        commit = self._entry(f"{name}^{{commit}}")
        if commit is None:
            raise unlocated(
                "unknown-revision", f"git knows no revision `{name}`", self._asked,
                "name a commit, a tag or a branch: HEAD~1",
            )  # fmt: skip
        self._commit = commit.id

    def locate(self, path: Path) -> Path:
        path = Path(normpath(path.parent.resolve() / path.name))
        for _ in range(MAX_LINKS):
            target = self._link(path)
            if target is None:
                break
            path = Path(normpath(path.parent / target))
        return path

    def read(self, path: Path, name: str) -> Source:
        shown = f"{self.name}:{name}"
        entry = self._find(self.locate(path))
        if entry is None:
            raise missing(shown, self._elsewhere(name))
        if entry.kind != "blob":
            raise is_directory(shown)
        require_source(shown)
        if entry.size > LIMITS.get().bytes:
            raise too_large(shown)
        return decode(self._git(self._root, "cat-file", "blob", entry.id).stdout, shown)

    def exists(self, path: Path) -> bool:
        return path == self._root / ".git" or self._find(path) is not None

    def sources(self, folder: Path) -> list[str]:
        entry = self._find(folder)
        if entry is None or entry.kind != "tree":
            return []
        names = self._git(self._root, "ls-tree", "-z", "--name-only", entry.id).stdout
        return [name for name in os.fsdecode(names).split("\0") if name.endswith(".seq")]

    def _link(self, path: Path) -> str | None:
        """Where a file points to that is a link."""
        if not path.is_relative_to(self._root) or path == self._root:
            return None
        inner = path.relative_to(self._root).as_posix()
        listed = self._git(self._root, "ls-tree", self._commit, "--", inner).stdout
        mode, _, rest = listed.partition(b" ")
        if mode != b"120000":
            return None
        id = rest.split()[1].decode()
        return os.fsdecode(self._git(self._root, "cat-file", "blob", id).stdout)

    def _elsewhere(self, name: str) -> str | None:
        """Help for a path that was meant to start where git's own paths do."""
        meant = self._root / name
        if self._find(meant) is None:
            return None
        return f"paths start at the current folder: {self.name}:{relpath(meant)}"

    def _find(self, path: Path) -> _Entry | None:
        """What stands at an absolute path; links inside the repository are followed."""
        if not path.is_relative_to(self._root):
            return None
        inner = path.relative_to(self._root).as_posix()
        return self._entry(f"{self._commit}:{'' if inner == '.' else inner}")

    def _entry(self, name: str) -> _Entry | None:
        if "\n" in name:  # git is asked a line at a time
            return None
        done = self._git(
            self._root, "cat-file", "--batch-check", "--follow-symlinks",
            question=os.fsencode(name) + b"\n",
        )  # fmt: skip
        words = done.stdout.decode(errors="replace").split()
        if done.returncode or len(words) != 3 or words[1] not in ("commit", "tree", "blob"):
            return None
        return _Entry(words[0], words[1], int(words[2]))

    def _git(
        self, folder: Path, *arguments: str, question: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs git, without a shell: a revision is never a word of a command line."""
        try:
            return subprocess.run(
                ["git", "-C", str(folder), *arguments],
                input=question, capture_output=True, check=False,
            )  # fmt: skip
        except OSError as error:
            raise unlocated(
                "no-git", f"git can't be run: {error.strerror}", self._asked,
                "install git, or name two files",
            ) from None  # fmt: skip
