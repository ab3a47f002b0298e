"""Reads a name map: which of ours is which of theirs, in TOML or JSON."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from seqdsl.backends.files import read_text
from seqdsl.passes.matching.match import Line
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.json_text import parse_json, without_repeats
from seqdsl.source.limits import LIMITS


def read_map(path: Path) -> tuple[Line, ...]:
    """The lines ``ours = theirs`` of a ``.json`` file, or else of a TOML file.

    Tables are parts of our names: ``fc.linear = "fc"`` in a table ``[head]`` says the same as
    ``"head.fc.linear" = "fc"``. Raises `Failure` where it can't be read.
    """
    try:
        text = read_text(path, LIMITS.get().bytes)
        is_json = path.suffix.lower() == ".json"
        table = parse_json(text, strict=True) if is_json else tomllib.loads(text)
        lines = without_repeats(_flat(table))
    except RecursionError:
        raise _failure(path, "its brackets are nested too deep") from None
    except ValueError as error:  # of either parser, or ours
        raise _failure(path, str(error)) from None
    return tuple(Line(ours, str(theirs), str(path)) for ours, theirs in lines.items())


def _flat(table: object) -> Iterator[tuple[str, object]]:
    """Our whole names with theirs, in the order of the file."""
    pending: list[tuple[str, object]] = [("", table)]
    while pending:
        prefix, value = pending.pop()
        if isinstance(value, dict):
            start = f"{prefix}." if prefix else ""
            pending += reversed([(f"{start}{key}", inner) for key, inner in value.items()])
        elif isinstance(value, str) and value and prefix:
            yield prefix, value
        else:
            raise ValueError(f"{prefix or 'the whole'} is not a name of theirs")


def _failure(path: Path, reason: str) -> Failure:
    return unlocated(
        "name-map",
        f"{path} can't be read as a name map: {reason}",
        path,
        'a line is "ours" = "theirs": entries, layers or whole subtrees by their names',
    )
