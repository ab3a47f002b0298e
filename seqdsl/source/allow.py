"""Comments that allow a warning: ``# seqdsl: allow(SEQ203)`` behind a line, or above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seqdsl.source.codes import BY_NAME, CODES, Code, find_code
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Fix, removing, removing_lines, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import CODE, Source, Span

_MARK = "seqdsl:"
_CODE = f"^(?P<code>{CODE})"
_COMMENT = re.compile(_CODE + r"#\s*seqdsl:\s*allow\((?P<codes>[^)\n]*)\)")
# What was meant to be one: `allow` without brackets, or another word and nothing but codes.
_LISTED = r"\w+[\s(:=]*SEQ\d{3}(?:[\s,]+SEQ\d{3})*\)?\s*$"
_NEARLY = re.compile(_CODE + rf"(?P<comment>#\s*seqdsl:\s*(?:allow\b.*|{_LISTED}))")
_WORD = re.compile(r"[^\s,]+")


@frozen
class Allowance:
    """One word of a comment, and the line that it is about."""

    word: str
    span: Span
    comment: Span
    line: int

    @property
    def code(self) -> Code | None:
        return find_code(self.word)

    @property
    def is_understood(self) -> bool:
        """Whether the word names a warning that a comment can allow."""
        return self.code is not None and self.code.allowable


def is_allowing(comment: str) -> bool:
    """Whether a comment allows something on its line."""
    return _COMMENT.match(comment) is not None


def allowances(source: Source) -> Iterator[Allowance]:
    """What the comments of a source allow. One alone on its line is about the next line of code."""
    lines = source.text.split("\n") if _MARK in source.text else []
    for number, text in _marked(lines):
        found = _COMMENT.match(text)
        if found is None:
            continue
        line = number if found["code"].strip() else _next_of_code(lines, number)
        start = source.line_start(number)
        comment = Span(source, start + found.end("code"), start + found.end())
        for word in _WORD.finditer(found["codes"]):
            at = start + found.start("codes") + word.start()
            yield Allowance(word[0], Span(source, at, at + len(word[0])), comment, line)


def _marked(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that may have such a comment, with their numbers."""
    return ((number, text) for number, text in enumerate(lines, 1) if _MARK in text)


def _unreadable(source: Source) -> Iterator[Diagnostic]:
    """Comments that were to allow something, by the look of them, and do not."""
    for number, text in _marked(source.text.split("\n") if _MARK in source.text else []):
        found = None if _COMMENT.match(text) else _NEARLY.match(text)
        if found is not None:
            start = source.line_start(number)
            span = Span(source, start + found.start("comment"), start + found.end("comment"))
            yield Diagnostic(
                BY_NAME["unknown-allow"],
                "this comment allows nothing",
                Label(span, "not understood"),
                help="write `# seqdsl: allow(CODE)`; `seqdsl explain --list` names every code",
            )


def _next_of_code(lines: Sequence[str], number: int) -> int:
    for later in range(number + 1, len(lines) + 1):
        text = lines[later - 1].strip()
        if text and not text.startswith("#"):
            return later
    return number


def without_allowed(
    diagnostics: Sequence[Diagnostic], sources: Sequence[Source], *, judge_idle: bool
) -> list[Diagnostic]:
    """The findings less those that comments allow, and with what is wrong with the comments.

    ``judge_idle`` is for a check of whole files: only then does a comment that silences nothing
    have no use.
    """
    every = [allowance for source in sources for allowance in allowances(source)]
    unreadable = [found for source in sources for found in _unreadable(source)]
    if not every:
        return [*diagnostics, *unreadable]
    by_place = {(a.span.source, a.line, a.code): a for a in every if a.is_understood}
    kept: list[Diagnostic] = unreadable
    used: set[Allowance] = set()
    for d in diagnostics:
        allowance = None
        if d.primary is not None:
            span = d.primary.span
            allowance = by_place.get((span.source, span.line, d.code))
        if allowance is None:
            kept.append(d)
        else:
            used.add(allowance)
    kept += [_unknown(a) for a in every if not a.is_understood]
    if judge_idle:
        kept += [_idle(a) for a in every if a.is_understood and a not in used]
    return kept


def _unknown(allowance: Allowance) -> Diagnostic:
    code = allowance.code
    help: str | None
    fix: Fix | None
    if code is None:
        message = f"no code `{allowance.word}` exists"
        words = [name for c in CODES if c.allowable for name in (c.id, c.name)]
        otherwise = "`seqdsl explain --list` names every code"
        help, fix = did_you_mean(allowance.word, words, allowance.span, otherwise)
    else:
        message = f"{code.id} ({code.name}) can't be allowed"
        help, fix = "only warnings can: mend what is wrong", _without(allowance)
    where = Label(allowance.span, "no warning")
    return Diagnostic(BY_NAME["unknown-allow"], message, where, help=help, fix=fix)


def _idle(allowance: Allowance) -> Diagnostic:
    return Diagnostic(
        BY_NAME["idle-allow"],
        f"line {allowance.line} gives no warning `{allowance.word}`",
        Label(allowance.span, "allows nothing"),
        help="remove it",
        fix=_without(allowance),
    )


def _without(allowance: Allowance) -> Fix:
    """Takes a word out of its comment, and the comment where it is the only one."""
    comment = allowance.comment
    listed = comment.text.rpartition("(")[2].rstrip(")")
    if len(_WORD.findall(listed)) == 1:
        rest = comment.source.line_text(comment.line).rpartition(comment.text)[2].strip()
        if rest:
            return replacing(comment, "#", safe=True)
        line = comment.source.line_text(comment.line).strip()
        return removing_lines(comment) if line == comment.text else removing(comment)
    text, span = comment.source.text, allowance.span
    start, end = span.start, span.end
    while text[end] in ", \t":
        end += 1
    if text[end] == ")":
        while text[start - 1] in ", \t":
            start -= 1
    return replacing(Span(comment.source, start, end), "", safe=True)
