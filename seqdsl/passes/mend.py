"""Mends a file: puts the fixes of its findings in, and looks again, until none is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from seqdsl.passes.check import check_program
from seqdsl.passes.vet import vetted
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.names.reading import DISK, Files
from seqdsl.source.codes import ClaimFault, Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, applied
from seqdsl.source.text import Source

MAX_TRIES = 32  # of some fixes at once, a round
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
        wanted = [d for d in found if not (turn and d.code.claim is ClaimFault.FALSE)]
        fixes = _fixes(vetted(program, wanted, _check), source, unsafe)
        text, made = _together(source, fixes, path, files, _errors(found))
        if not made or text == source.text:
            break
        source, count = Source(source.name, text), count + made
    return source.text, count


def _check(program: Program) -> list[Diagnostic]:
    return check_program(program)[1]


def _fixes(diagnostics: Iterable[Diagnostic], source: Source, unsafe: bool) -> list[list[Fix]]:
    """The fixes of errors of syntax in a source, and those of its other findings."""
    groups: list[list[Fix]] = [[], []]
    for d in diagnostics:
        fix = d.fix if d.fix is not None and (unsafe or d.fix.safe) else None
        if fix is not None and all(edit.span.source is source for edit in fix.edits):
            groups[d.code.name != "syntax"].append(fix)
    return [group for group in groups if group]


def _together(
    source: Source,
    groups: Sequence[list[Fix]],
    path: Path | None,
    files: Files,
    errors: tuple[int, int],
) -> tuple[str, int]:
    """The text with the fixes that together leave no more errors: all of a group, or of a half.

    Where none do, it is the text with the first.
    """
    kept: list[Fix] = []
    first = [group[0] for group in groups[:1]]
    if sum(map(len, groups)) < 2:  # it was tried by itself
        return applied(source.text, first)
    waiting, tries = list(reversed(groups)), MAX_TRIES
    while waiting and tries:
        group, tries = waiting.pop(), tries - 1
        text, _ = applied(source.text, [*kept, *group])
        left = _errors(_check(load_program(Source(source.name, text), path, files)))
        if left <= errors:
            kept, errors = [*kept, *group], left
        elif len(group) > 1:
            middle = len(group) // 2
            waiting += [group[middle:], group[:middle]]  # the first half is the next
    return applied(source.text, kept or first)


def _errors(found: Iterable[Diagnostic]) -> tuple[int, int]:
    """Errors of syntax, which hide others, and the others.

    Those of false claims are left out: they are judged when nothing else is wrong.
    """
    errors = [d.code for d in found if d.severity is Severity.ERROR]
    syntax = sum(code.name == "syntax" for code in errors)
    return syntax, sum(code.claim is not ClaimFault.FALSE for code in errors) - syntax
