"""What a shell is told when the tab key is pressed: quickly, and with no word about mistakes.

click asks a parameter's type for completions. While a line is completed, and only then, parameters
get types that know some.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem, split_arg_string

from seqdsl.source.discover import SUFFIX
from seqdsl.syntax import ast


def teach(command: click.Command) -> None:
    """Gives a command's parameters their completions, by the parameters' names."""
    for parameter in command.params:
        words = _WORDS.get(parameter.name or "")
        if words is not None:
            parameter.type = _Completing(words)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            teach(each)


class _Completing(click.ParamType):  # type: ignore[type-arg]
    """A type of any text, with completions; with none where they can't be had."""

    name = "text"

    def __init__(self, words: Callable[[str], Iterable[CompletionItem]]) -> None:
        self._words = words

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        try:
            return [word for word in self._words(incomplete) if word.value.startswith(incomplete)]
        except Exception:  # a line that is being typed is no place for a message
            return []


def _files(incomplete: str) -> Iterator[CompletionItem]:
    """The .seq files, and the folders in which there may be some."""
    folder, slash, start = incomplete.rpartition("/")
    folder += slash
    for entry in sorted(Path(folder or ".").expanduser().iterdir()):
        if entry.name.startswith(".") and not start.startswith("."):
            continue
        if entry.is_dir():
            yield CompletionItem(f"{folder}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield CompletionItem(f"{folder}{entry.name}")


def _networks(_: str) -> Iterator[CompletionItem]:
    for definition in _definitions():
        yield CompletionItem(definition.name, help=definition.doc.partition("\n")[0] or None)


def _parameters(_: str) -> Iterator[CompletionItem]:
    """Those of the networks on the line, or of all that the file has."""
    known = {definition.name: definition for definition in _definitions()}
    chosen = [known[word] for word in _line() if word in known] or list(known.values())
    names: dict[str, None] = {}
    for definition in chosen:
        base = known.get(definition.network) if isinstance(definition, ast.Model) else definition
        if base is not None and not isinstance(base, ast.Model):
            names.update(dict.fromkeys(parameter.name for parameter in base.parameters))
    yield from (CompletionItem(f"{name}=") for name in names)


def _codes(_: str) -> Iterator[CompletionItem]:
    from seqdsl.source.codes import CODES

    for code in CODES:
        yield CompletionItem(code.id, help=code.name)
        yield CompletionItem(code.name, help=code.id)


_WORDS: dict[str, Callable[[str], Iterable[CompletionItem]]] = {
    **dict.fromkeys(("file", "files", "paths", "sources", "sides", "a", "b"), _files),
    "network_name": _networks,
    "defines": _parameters,
    "code": _codes,
}


def _definitions() -> list[ast.Buildable]:
    """The networks and models of the files on the line, before the cursor or after it."""
    from seqdsl.semantic.names.reading import DISK
    from seqdsl.syntax.parser import parse

    files = [word for word in _line() if word.endswith(SUFFIX) and Path(word).is_file()]
    modules = (parse(DISK.read(Path(file), file))[0] for file in files)
    return [d for m in modules for d in m.items if not isinstance(d, ast.Use | ast.Block)]


def _line() -> list[str]:
    return split_arg_string(os.environ.get("COMP_WORDS", ""))
