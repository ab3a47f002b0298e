"""What git leaves out of a folder: the rules of its `.gitignore` files.

Of a name git asks whether a rule is about that name itself. Libraries ask whether one is about a
folder above it, too, and so let `!build/` in one file undo `*.seq` in another.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from seqdsl.source.frozen import frozen


@frozen
class _Rule:
    expression: re.Pattern[str]
    negated: bool
    of_folders: bool
    of_names: bool  # in any folder below; else of paths from the file's own folder on


@frozen
class Ignored:
    """The rules that hold in a folder: those of its own file, then those of the folders above."""

    folder: Path
    rules: tuple[_Rule, ...]
    above: Ignored | None

    def excludes(self, path: Path, is_folder: bool) -> bool:
        """Whether git leaves out what is in the folder. The last rule that is about it decides."""
        relative = path.relative_to(self.folder).as_posix()
        for rule in reversed(self.rules):
            text = path.name if rule.of_names else relative
            if is_folder >= rule.of_folders and rule.expression.fullmatch(text):
                return not rule.negated
        return self.above is not None and self.above.excludes(path, is_folder)

    def within(self, folder: Path) -> Ignored:
        """The rules that hold in a folder below."""
        rules = _read(folder / ".gitignore")
        return Ignored(folder, rules, self) if rules else self


def ignored_in(folder: Path) -> Ignored:
    """The rules of a folder's repository, from its root down; outside of one, the folder's own."""
    parents = (folder, *folder.parents)
    root = next((path for path in parents if (path / ".git").exists()), folder)
    found = Ignored(root, _read(root / ".git" / "info" / "exclude"), None)
    for path in reversed(parents[: parents.index(root) + 1]):
        found = found.within(path)
    return found


def _read(file: Path) -> tuple[_Rule, ...]:
    try:
        text = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return ()
    lines = (os.fsdecode(line.removesuffix(b"\r")) for line in text.split(b"\n"))
    return tuple(rule for line in lines if (rule := _rule(line)) is not None)


def _rule(line: str) -> _Rule | None:
    """A line as gitignore(5) has it; None for a comment, and for what matches nothing."""
    text = re.sub(r"(?<!\\) +$", "", line)
    if text.startswith("#"):
        return None
    negated, text = text.startswith("!"), text.removeprefix("!")
    of_folders, text = text.endswith("/"), text.removesuffix("/")
    of_names = "/" not in text
    found = _glob(text) if of_names else _path(text.removeprefix("/"))
    if found is None:
        return None
    return _Rule(re.compile(found, re.DOTALL), negated, of_folders, of_names)


def _path(text: str) -> str | None:
    """A path's expression; `**` stands for any folders, and at the end for all that is inside."""
    *folders, last = text.split("/")
    parts = ["(?:.+/)?" if _is_deep(name) else _glob(name, "/") for name in folders]
    parts.append(".+" if _is_deep(last) else _glob(last))
    return None if None in parts else "".join(filter(None, parts))


def _is_deep(name: str) -> bool:
    return len(name) > 1 and not name.strip("*")


_PIECE = re.compile(
    r"\\(?P<escaped>.) | (?P<many>\*+) | (?P<one>\?) | (?P<plain>[^\\[])"
    r"| \[ (?P<other>[!^]?) (?P<set> \]? (?:\\.|[^]\\])* ) \]",
    re.DOTALL | re.VERBOSE,
)


def _glob(text: str, end: str = "") -> str | None:
    """A name's expression; None where a bracket stays open, or nothing follows a backslash."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            return None
        position = piece.end()
        if piece["many"]:
            parts.append("[^/]*")
        elif piece["one"]:
            parts.append("[^/]")
        elif piece["set"] is not None:
            members = _members(piece["set"])
            if piece["other"]:
                parts.append(f"[^/{members}]")
            else:
                parts.append(f"(?!/)[{members}]" if members else "(?!)")
        else:
            parts.append(re.escape(piece["escaped"] or piece["plain"]))
    return "".join(parts) + end


def _members(text: str) -> str:
    """What is between brackets, for an expression; a range that ends before it begins is empty."""
    found: list[str] = []
    for first, last in re.findall(r"(\\.|.)(?:-(\\.|.))?", text, re.DOTALL):
        low, high = (re.escape(c[-1:]) for c in (first, last or first))
        if first[-1:] <= (last or first)[-1:]:
            found.append(f"{low}-{high}")
    return "".join(found)
