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
from seqdsl.source.codes import ClaimFault, Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Edit, Fix, compatible
from seqdsl.source.meter import metered_apart

Check: TypeAlias = Callable[[Program], list[Diagnostic]]
_Key: TypeAlias = tuple[str, str, int]
_Left: TypeAlias = list[tuple[Diagnostic, Diagnostic | None]]  # and what they are without a fix

MAX_READ = 300_000  # characters that are read again, to try the fixes of a file
MAX_WORK = 100_000  # statements that are expanded again
TOGETHER = 4  # a part in so many of both is kept to try many fixes at once
MAX_ROUNDS = 5  # an error may hide one that hides another
MIN_SHARE = 100  # where fewer than one fix in so many can be tried, none is


def vetted(program: Program, found: Sequence[Diagnostic], check: Check) -> list[Diagnostic]:
    """The findings of a program with those of their fixes that mend them, and what errors hid."""
    if not any(d.fix or d.severity is Severity.ERROR for d in found):
        return list(found)
    copy, present, fresh = Copy.of(program), list(found), list(found)
    trial = _Trial(check, copy.length, sum(d.fix is not None for d in found))
    reported: list[Diagnostic] = []
    for _ in range(MAX_ROUNDS):
        offered = trial.all_offered(fresh, copy, present)
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
    if d.code.claim is ClaimFault.FALSE:
        return False  # judged where nothing else is wrong: a fix elsewhere may make it false
    return _key(d) not in known


def _key(d: Diagnostic) -> _Key:
    if d.primary is None:
        return (d.code.id, d.name, 0)
    return (d.code.id, d.primary.span.source.name, d.primary.span.start)


class _Trial:
    """Checks copies of a program, of a length and with some fixes, while that is worth the time.

    Each fix is tried by itself, as long as there is time; those that are left, many at once.
    """

    def __init__(self, check: Check, length: int, fixes: int) -> None:
        self._check = check
        worth = length * fixes <= MAX_READ * MIN_SHARE
        self._read, self._work = MAX_READ if worth else 0, MAX_WORK
        self._kept_read = max(self._read // TOGETHER, min(length, self._read))
        self._kept_work = self._work // TOGETHER
        self._left: dict[tuple[Program, tuple[Edit, ...]], _Left] = {}  # by fixes, which recur

    def tried(self, copy: Copy, edits: Sequence[Edit]) -> tuple[Copy, list[Diagnostic]] | None:
        """A copy with edits put in, and its findings; None where there is no time left."""
        if self._read < copy.length or self._work < 0:
            return None
        self._read -= copy.length
        with metered_apart() as meter:  # what is tried costs the file itself nothing
            made = copy.edited(edits)
            found = self._check(made.program)
        self._work -= meter.statements
        return made, found

    def all_offered(
        self, found: Sequence[Diagnostic], copy: Copy, present: Sequence[Diagnostic]
    ) -> list[Diagnostic]:
        """Findings with those fixes that mend them, or else with the help that holds without."""
        mends: dict[int, bool] = {}
        for i, d in enumerate(found):
            enough = self._read - copy.length >= self._kept_read and self._work >= self._kept_work
            if d.fix is None or not (enough or (copy.program, d.fix.edits) in self._left):
                continue
            verdict = self._mends(d, d.fix, copy, present)
            if verdict is not None:
                mends[i] = verdict
        left = [i for i, d in enumerate(found) if d.fix is not None and i not in mends]
        errors = [i for i in left if found[i].severity is Severity.ERROR]
        for group in (errors, [i for i in left if i not in set(errors)]):
            self._halve(group, found, copy, present, mends)
        return [d if mends.get(i) else _without(d) for i, d in enumerate(found)]

    def _halve(
        self,
        group: Sequence[int],
        found: Sequence[Diagnostic],
        copy: Copy,
        present: Sequence[Diagnostic],
        mends: dict[int, bool],
    ) -> None:
        """Tries the fixes of some findings at once; where one doesn't mend its own, either half."""
        offered = [(i, fix) for i in group if (fix := found[i].fix) is not None]
        together = {fix.edits for fix in compatible(fix for _, fix in offered)}
        members = [i for i, fix in offered if fix.edits in together]
        if not members or not all(_holds(copy, edit) for edits in together for edit in edits):
            return
        tried = self.tried(Copy.of(copy.program), [e for edits in together for e in edits])
        if tried is None:
            return
        after, remain = tried
        left = [(each, after.back(each)) for each in remain]
        if all(_is_mended(found[i], left, present) for i in members):
            mends |= dict.fromkeys(members, True)
        elif len(group) > 1:
            middle = len(group) // 2
            self._halve(group[:middle], found, copy, present, mends)
            self._halve(group[middle:], found, copy, present, mends)

    def offered(self, d: Diagnostic, copy: Copy, present: Sequence[Diagnostic]) -> Diagnostic:
        """A finding with its fix if that mends it, or else with the help that holds without."""
        return self.all_offered([d], copy, present)[0]

    def _mends(
        self, d: Diagnostic, fix: Fix, copy: Copy, present: Sequence[Diagnostic]
    ) -> bool | None:
        if not all(_holds(copy, edit) for edit in fix.edits):
            return False
        left = self._left_by(fix, copy)
        return None if left is None else _is_mended(d, left, present)

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


def _without(d: Diagnostic) -> Diagnostic:
    """A finding whose fix doesn't mend it, or was not tried, with the help that holds without."""
    if d.fix is None:
        return d
    help = d.help if d.fix.otherwise is None else d.fix.otherwise or None
    return replace(d, fix=None, help=help)


def _holds(copy: Copy, edit: Edit) -> bool:
    return copy.holds(edit.span.source)


def _is_mended(d: Diagnostic, left: _Left, present: Sequence[Diagnostic]) -> bool:
    """Whether a fix mends its finding and causes nothing, by what is left where it is put in."""
    if d.fix is None:
        return False
    before = {_key(each) for each in present}
    touched = _touched(d.fix.edits)
    for each, where in left:
        if where is not None and _key(where) == _key(d):
            return False
        if where is not None and _key(where) in before:
            continue
        if (
            each.code.claim is ClaimFault.FALSE
            and where is not None
            and not _touches(replace(where, secondary=()), touched)
        ):
            continue
        if d.severity is not Severity.ERROR:
            return False  # a warning's fix brings nothing new
        if each.severity is Severity.ERROR and (where is None or _touches(where, touched)):
            return False  # the edit caused it
    return True


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
