"""Tries every fix on a copy and offers those that mend something; finds what errors hide.

A fix is offered if the copy lacks its finding, and no error is where the edit was made. What
follows an error is often unknown until it is mended: errors that only copies show are reported,
too, so that one run names every mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from seqdsl.passes.check import in_order
from seqdsl.passes.copies import Copy
from seqdsl.passes.stand_ins import stand_ins
from seqdsl.semantic.names.modules import Program
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Edit, Fix, compatible
from seqdsl.source.meter import metered_apart

Check: TypeAlias = Callable[[Program], list[Diagnostic]]
_Key: TypeAlias = tuple[str, str, int]
_Left: TypeAlias = list[tuple[Diagnostic, Diagnostic | None]]  # and what they are without a fix

MAX_READ = 300_000  # characters that are read again, to try the fixes of a file
MAX_WORK = 100_000  # statements that are expanded again
MAX_ROUNDS = 5  # an error may hide one that hides another
MIN_SHARE = 100  # where fewer than one fix in so many can be tried, none is
# Claims are judged where nothing else is wrong: a fix of something else may make them false.
_CLAIMS = frozenset({"false-claim", "stage-output", "concat-width"})


def vetted(program: Program, found: Sequence[Diagnostic], check: Check) -> list[Diagnostic]:
    """The findings of a program with those of their fixes that mend them, and what errors hid."""
    if not any(d.fix or d.severity is Severity.ERROR for d in found):
        return list(found)
    copy, present, fresh = Copy.of(program), list(found), list(found)
    trial = _Trial(check, copy.length, sum(d.fix is not None for d in found))
    reported: list[Diagnostic] = []
    for _ in range(MAX_ROUNDS):
        offered = [trial.offered(d, copy, present) for d in fresh]
        reported += filter(None, map(copy.back, offered))
        edits = _edits(offered)
        tried = trial.tried(copy, edits) if edits else None
        if tried is None:
            break
        copy, present = tried
        known = {_key(d) for d in reported}
        fresh = [d for d in present if _is_hidden(copy.back(d), known)]
        if not fresh:
            break
    return in_order([*reported, *_behind_the_unknown(program, reported, trial)])


def _behind_the_unknown(
    program: Program, reported: Sequence[Diagnostic], trial: _Trial
) -> list[Diagnostic]:
    """The errors that follow mistakes without a fix, and do not depend on what was meant."""
    pairs = [pair for d in reported if d.fix is None and (pair := stand_ins(d)) is not None]
    if not pairs:
        return []
    fixes = [d.fix for d in reported if d.fix is not None and d.severity is Severity.ERROR]
    known = {_key(d) for d in reported}
    found: list[dict[_Key, Diagnostic]] = []
    for side in (0, 1):
        together = compatible([*fixes, *(pair[side] for pair in pairs)])
        edits = [edit for fix in together for edit in fix.edits]
        tried = trial.tried(Copy.of(program), edits)
        if tried is None:
            return []
        copy, left = tried
        lines = _touched(edits)
        shown = [d for d in map(copy.back, left) if d is not None and _is_hidden(d, known)]
        apart = (d for d in shown if not _touches(replace(d, secondary=()), lines))
        found.append({_key(d): d for d in apart})
    first, second = found
    whole = Copy.of(program)
    return [
        replace(d, fix=None, help=trial.offered(d, whole, reported).help)
        for key, d in first.items()
        if key in second and _essence(second[key]) == _essence(d)
    ]


def _essence(d: Diagnostic) -> str:
    """What a finding says, less height and width where these are not what is wrong."""
    of_size = "differ in channels" in d.message or d.code.name == "kernel-too-large"
    return re.sub(r"(?<=\d)x\d+x\d+", "", d.message) if of_size else d.message


def _edits(offered: Sequence[Diagnostic]) -> list[Edit]:
    """The edits of errors' fixes that go together."""
    fixes = (d.fix for d in offered if d.fix is not None and d.severity is Severity.ERROR)
    return [edit for fix in compatible(fixes) for edit in fix.edits]


def _is_hidden(d: Diagnostic | None, known: set[_Key]) -> bool:
    """Whether a finding of a copy is an error of the file that is not reported yet."""
    if d is None or d.primary is None or d.severity is not Severity.ERROR:
        return False
    return d.code.name not in _CLAIMS and _key(d) not in known


def _key(d: Diagnostic) -> _Key:
    if d.primary is None:
        return (d.code.id, d.name, 0)
    return (d.code.id, d.primary.span.source.name, d.primary.span.start)


class _Trial:
    """Checks copies of a program, of a length and with some fixes, while that is worth the time."""

    def __init__(self, check: Check, length: int, fixes: int) -> None:
        self._check = check
        worth = length * fixes <= MAX_READ * MIN_SHARE
        self._read, self._work = MAX_READ if worth else 0, MAX_WORK
        self._left: dict[tuple[Program, tuple[Edit, ...]], _Left] = {}  # by fixes, which recur

    def tried(self, copy: Copy, edits: Sequence[Edit]) -> tuple[Copy, list[Diagnostic]] | None:
        """A copy with edits put in, and its findings; None where there is no time left."""
        self._read -= copy.length
        if self._read < 0 or self._work < 0:
            return None
        with metered_apart() as meter:  # what is tried costs the file itself nothing
            made = copy.edited(edits)
            found = self._check(made.program)
        self._work -= meter.statements
        return made, found

    def offered(self, d: Diagnostic, copy: Copy, present: Sequence[Diagnostic]) -> Diagnostic:
        """A finding with its fix if that mends it, or else with the help that holds without."""
        if d.fix is None or self._mends(d, d.fix, copy, present):
            return d
        help = d.help if d.fix.otherwise is None else d.fix.otherwise or None
        return replace(d, fix=None, help=help)

    def _mends(self, d: Diagnostic, fix: Fix, copy: Copy, present: Sequence[Diagnostic]) -> bool:
        if not all(copy.holds(edit.span.source) for edit in fix.edits):
            return False
        left = self._left_by(fix, copy)
        if left is None:
            return False
        before = {_key(each) for each in present}
        touched = _touched(fix.edits)
        for each, where in left:
            if where is not None and _key(where) == _key(d):
                return False
            if where is not None and _key(where) in before:
                continue
            if (
                each.code.name in _CLAIMS
                and where is not None
                and not _touches(replace(where, secondary=()), touched)
            ):
                continue
            if d.severity is not Severity.ERROR:
                return False  # a warning's fix brings nothing new
            if each.severity is Severity.ERROR and (where is None or _touches(where, touched)):
                return False  # the edit caused it
        return True

    def _left_by(self, fix: Fix, copy: Copy) -> _Left | None:
        """What a fix leaves or makes; None where there is no time left to see."""
        key = (copy.program, fix.edits)
        if key not in self._left:
            tried = self.tried(Copy.of(copy.program), fix.edits)
            if tried is None:
                return None
            after, found = tried
            self._left[key] = [(each, after.back(each)) for each in found]
        return self._left[key]


def _touched(edits: Sequence[Edit]) -> set[tuple[str, int]]:
    return {(edit.span.source.name, line) for edit in edits for line in _lines(edit)}


def _touches(d: Diagnostic, lines: set[tuple[str, int]]) -> bool:
    """Whether a finding is about some lines; one without a place may be about any."""
    labels = [] if d.primary is None else [d.primary, *d.secondary]
    spans = [label.span for label in labels]
    return not spans or any((span.source.name, span.line) in lines for span in spans)


def _lines(edit: Edit) -> range:
    span = edit.span
    return range(span.line, span.source.line_column(max(span.start, span.end - 1))[0] + 1)
