"""Mends a file: puts the fixes of its findings in, and looks again, until none is left."""

from __future__ import annotations

from pathlib import Path

from seqdsl.passes.check import check_program
from seqdsl.semantic.modules import load_program
from seqdsl.semantic.reading import DISK, Files
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import applied
from seqdsl.source.text import Source

MAX_ROUNDS = 20  # a fix may bring out what another mends


def mended(
    source: Source, path: Path | None, *, unsafe: bool = False, files: Files = DISK
) -> tuple[str, int]:
    """The text with its safe fixes put in, or all of them, and how many that were.

    A round that would leave more errors of syntax than it found is not taken.
    """
    count = 0
    found = _findings(source, path, files)
    for _ in range(MAX_ROUNDS):
        fixes = [d.fix for d in found if d.fix is not None and (unsafe or d.fix.safe)]
        own = [fix for fix in fixes if all(e.span.source is source for e in fix.edits)]
        text, made = applied(source.text, own)
        if not made or text == source.text:
            break
        after = Source(source.name, text)
        left = _findings(after, path, files)
        if _syntax_errors(left) > _syntax_errors(found):
            break
        source, found, count = after, left, count + made
    return source.text, count


def _findings(source: Source, path: Path | None, files: Files) -> list[Diagnostic]:
    return check_program(load_program(source, path, files))[1]


def _syntax_errors(diagnostics: list[Diagnostic]) -> int:
    return sum(d.code.name == "syntax" for d in diagnostics)
