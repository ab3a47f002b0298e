"""Mends a file: puts the fixes of its findings in, and looks again, until none is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqdsl.passes.check import check_program
from seqdsl.semantic.modules import load_program
from seqdsl.semantic.reading import DISK, Files
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, applied
from seqdsl.source.text import Source
from seqdsl.syntax.parser import parse

_CLAIMS = ("false-claim", "stage-output")
MAX_ROUNDS = 20  # a fix may bring out what another mends


def mended(
    source: Source, path: Path | None, *, unsafe: bool = False, files: Files = DISK
) -> tuple[str, int]:
    """The text with its safe fixes put in, or all of them, and how many that were.

    A claim that other fixes made false is left to its author. A fix that would leave more errors
    of syntax than there are is not taken.
    """
    count = 0
    found = _findings(source, path, files)
    for turn in range(MAX_ROUNDS):
        wanted = (d for d in found if not (turn and d.code.name in _CLAIMS))
        fixes = [d.fix for d in wanted if d.fix is not None and (unsafe or d.fix.safe)]
        own = [fix for fix in fixes if all(e.span.source is source for e in fix.edits)]
        text, made = applied(source.text, _bearable(source, own))
        if not made or text == source.text:
            break
        source, count = Source(source.name, text), count + made
        found = _findings(source, path, files)
    return source.text, count


def _findings(source: Source, path: Path | None, files: Files) -> list[Diagnostic]:
    return check_program(load_program(source, path, files))[1]


def _bearable(source: Source, fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes that can be put in and leave no more errors of syntax: all, or those of halves."""
    errors = len(parse(source)[1])

    def with_those(fixes: Sequence[Fix], good: list[Fix]) -> list[Fix]:
        text, _ = applied(source.text, [*good, *fixes])
        if len(parse(Source(source.name, text))[1]) <= errors:
            return [*good, *fixes]
        if len(fixes) == 1:
            return good
        half = len(fixes) // 2
        return with_those(fixes[half:], with_those(fixes[:half], good))

    return with_those(fixes, []) if fixes else []
