"""Mends a file: puts the fixes of its findings in, and looks again, until none is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from seqdsl.passes.check import check_program
from seqdsl.passes.vet import vetted
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.names.reading import DISK, Files
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, applied
from seqdsl.source.text import Source

_CLAIMS = ("false-claim", "stage-output")
MAX_ROUNDS = 20  # a fix may bring out what another mends


def mended(
    source: Source, path: Path | None, *, unsafe: bool = False, files: Files = DISK
) -> tuple[str, int]:
    """The text with its safe fixes put in, or all of them, and how many that were.

    A fix is put in if it mends its finding and makes no other error. A claim that other fixes made
    false is left to its author.
    """
    count = 0
    for turn in range(MAX_ROUNDS):
        program = load_program(source, path, files)
        found = check_program(program)[1]
        wanted = [d for d in found if not (turn and d.code.name in _CLAIMS)]
        fixes = _fixes(vetted(program, wanted, _check), source, unsafe)
        text, made = _together(source, fixes, path, files, _errors(found))
        if not made or text == source.text:
            break
        source, count = Source(source.name, text), count + made
    return source.text, count


def _check(program: Program) -> list[Diagnostic]:
    return check_program(program)[1]


def _fixes(diagnostics: Iterable[Diagnostic], source: Source, unsafe: bool) -> list[Fix]:
    """The fixes of findings in a source, those of errors of syntax first."""
    fixes = [
        (d.code.name != "syntax", i, d.fix)
        for i, d in enumerate(diagnostics)
        if d.fix is not None and (unsafe or d.fix.safe)
    ]
    ordered = [fix for _, _, fix in sorted(fixes, key=lambda each: each[:2])]
    return [f for f in ordered if all(edit.span.source is source for edit in f.edits)]


def _together(
    source: Source, fixes: Sequence[Fix], path: Path | None, files: Files, errors: int
) -> tuple[str, int]:
    """The text with all fixes, or with the first where together they leave more errors."""
    text, made = applied(source.text, fixes)
    if made > 1:
        copy = load_program(Source(source.name, text), path, files)
        if _errors(_check(copy)) > errors:
            return applied(source.text, fixes[:1])
    return text, made


def _errors(found: Iterable[Diagnostic]) -> int:
    """Errors, less those about claims, which are judged when nothing else is wrong."""
    return sum(d.severity is Severity.ERROR and d.code.name not in _CLAIMS for d in found)
