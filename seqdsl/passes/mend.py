"""Mends a file: puts the fixes of its findings in, and looks again, until none is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from seqdsl.passes.check import check_program
from seqdsl.semantic.modules import load_program
from seqdsl.semantic.reading import DISK, Files
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, applied
from seqdsl.source.text import Source
from seqdsl.syntax.parser import parse

_CLAIMS = ("false-claim", "stage-output")
MAX_READ = 1_000_000  # characters, to find the fixes that can't be put in: some seconds
MAX_ROUNDS = 20  # a fix may bring out what another mends


def mended(
    source: Source, path: Path | None, *, unsafe: bool = False, files: Files = DISK
) -> tuple[str, int]:
    """The text with its safe fixes put in, or all of them, and how many that were.

    A claim that other fixes made false is left to its author. A fix that would leave more errors
    of syntax than there are is not taken.
    """
    count, trial = 0, _Trial()
    found = _findings(source, path, files)
    for turn in range(MAX_ROUNDS):
        wanted = (d for d in found if not (turn and d.code.name in _CLAIMS))
        text, made = applied(source.text, trial.bearable(source, _fixes(wanted, source, unsafe)))
        if not made or text == source.text:
            break
        source, count = Source(source.name, text), count + made
        found = _findings(source, path, files)
    return source.text, count


def _findings(source: Source, path: Path | None, files: Files) -> list[Diagnostic]:
    return check_program(load_program(source, path, files))[1]


def _fixes(
    diagnostics: Iterable[Diagnostic], source: Source, unsafe: bool
) -> tuple[list[Fix], list[Fix]]:
    """The fixes of errors of syntax in a source, and those of other findings."""
    of_syntax: list[Fix] = []
    others: list[Fix] = []
    for d in diagnostics:
        fix = d.fix
        if fix is None or not (unsafe or fix.safe):
            continue
        if all(edit.span.source is source for edit in fix.edits):
            (of_syntax if d.code.name == "syntax" else others).append(fix)
    return of_syntax, others


class _Trial:
    """Tries fixes, as long as there is time to read texts anew."""

    def __init__(self) -> None:
        self._left = MAX_READ

    def bearable(self, source: Source, fixes: tuple[list[Fix], list[Fix]]) -> list[Fix]:
        """The fixes that can be put in and leave no more errors of syntax, those of syntax first:
        all of each, or those of halves.
        """
        good: list[Fix] = []
        for batch in filter(None, fixes):
            good = self._with(source, batch, good, self._errors(source, good))
        return good

    def _with(
        self, source: Source, fixes: Sequence[Fix], good: list[Fix], errors: int
    ) -> list[Fix]:
        if not fixes or self._left < 0:
            return good
        if self._errors(source, [*good, *fixes]) <= errors:
            return [*good, *fixes]
        if len(fixes) == 1:
            return good
        half = len(fixes) // 2
        good = self._with(source, fixes[:half], good, errors)
        return self._with(source, fixes[half:], good, errors)

    def _errors(self, source: Source, fixes: Sequence[Fix]) -> int:
        text, _ = applied(source.text, fixes)
        self._left -= len(text)
        return len(parse(Source(source.name, text))[1])
