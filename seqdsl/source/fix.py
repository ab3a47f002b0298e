"""Edits that mend a finding, and how they are put into a text."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from seqdsl.source.frozen import frozen_value
from seqdsl.source.text import Source, Span


@frozen_value
class Edit:
    """Text that stands for a span; an empty span is an insertion."""

    span: Span
    text: str


@frozen_value
class Fix:
    """What mends a finding. ``safe``: what the file means to say stays the same.

    A fix that is not safe is a guess at what was meant, and for its author to judge. One that
    turns out to mend nothing is not offered, and ``otherwise`` is the help then: None where it
    stays as it is, empty where there is none.
    """

    edits: tuple[Edit, ...]
    safe: bool
    otherwise: str | None = None


def replacing(span: Span, text: str, *, safe: bool = False, otherwise: str | None = None) -> Fix:
    """The fix that is one edit."""
    return Fix((edit_of(span, text),), safe, otherwise)


def edit_of(span: Span, text: str) -> Edit:
    """An edit whose line ends are those of the file where it stands."""
    return Edit(span, re.sub(r"\r?\n", _line_end(span), text))


def _line_end(span: Span) -> str:
    text = span.source.text
    at = text.find("\n", span.start)
    at = text.rfind("\n") if at < 0 else at
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def inserting(source: Source, offset: int, text: str, *, safe: bool = False) -> Fix:
    return replacing(Span(source, offset, offset), text, safe=safe)


def removing(span: Span) -> Fix:
    """Takes out a span and the blanks before it."""
    before = span.source.text[: span.start]
    start = len(before.rstrip(" \t"))
    return replacing(Span(span.source, start, span.end), "", safe=True)


def removing_item(span: Span, *, safe: bool = False) -> Fix:
    """Takes one of a list out, with the comma before it, or else the one after it."""
    text = span.source.text
    before = re.search(r",?[ \t]*$", text[: span.start])
    start = before.start() if before is not None else span.start
    if "," in text[start : span.start]:
        return replacing(Span(span.source, start, span.end), "", safe=safe)
    behind = re.compile(r"[ \t]*,[ \t]*").match(text, span.end)
    if behind is not None:
        return replacing(Span(span.source, span.start, behind.end()), "", safe=safe)
    return replacing(Span(span.source, start, span.end), "", safe=safe)


def removing_lines(span: Span, *, safe: bool = True) -> Fix:
    """Takes out the lines of a span that has them to itself, or else the span alone."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    start += text.startswith("\ufeff") and not start
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    rest = text[span.end : end].strip()
    alone = not text[start : span.start].strip() and (not rest or rest.startswith("#"))
    return replacing(Span(span.source, start, end) if alone else span, "", safe=safe)


def applied(text: str, fixes: Iterable[Fix]) -> tuple[str, int]:
    """A text with fixes put in, and how many were; of two that overlap the first counts."""
    taken = compatible(fixes)
    return edited(text, [edit for fix in taken for edit in fix.edits]), len(taken)


def compatible(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes of a text that can be put in together; of two that overlap the first counts."""
    taken: list[Edit] = []  # in the order of the text
    found: list[Fix] = []
    for fix in fixes:
        if not any(_is_taken(edit, taken) for edit in fix.edits):
            for edit in fix.edits:
                insort(taken, edit, key=_start)
            found.append(fix)
    return found


def _start(edit: Edit) -> int:
    return edit.span.start


def _is_taken(edit: Edit, taken: Sequence[Edit]) -> bool:
    """Whether an edit overlaps one of those that are in their order, and do not overlap."""
    at = bisect_left(taken, edit.span.start, key=_start)
    return any(_overlap(edit, other) for other in taken[max(at - 1, 0) : at + 1])


def edited(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits put in that do not overlap."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=_start):
        parts += (text[position : edit.span.start], edit.text)
        position = edit.span.end
    return "".join([*parts, text[position:]])


def changed_lines(fix: Fix) -> list[tuple[int, list[str], list[str]]]:
    """The runs of lines that a fix changes: the first's number, and both texts."""
    found: list[tuple[int, list[str], list[str]]] = []
    ordered = sorted(fix.edits, key=_start)
    runs: list[list[Edit]] = []
    for edit in ordered:
        if runs and _last_line(runs[-1][-1]) >= edit.span.line:
            runs[-1].append(edit)
        else:
            runs.append([edit])
    for run in runs:
        source = run[0].span.source
        first, last = run[0].span.line, _last_line(run[-1])
        start, end = source.line_start(first), source.line_end(last)
        edits = [Edit(Span(source, e.span.start - start, e.span.end - start), e.text) for e in run]
        text = source.text[start:end]
        before, after = text.split("\n"), _lines(edited(text, edits))
        while before and after and before[-1] == after[-1]:  # whole lines come in above it
            before.pop()
            after.pop()
        while before and after and before[0] == after[0]:  # or below it
            first, before, after = first + 1, before[1:], after[1:]
        found.append((first, before, after))
    return found


def _last_line(edit: Edit) -> int:
    """The last line that an edit touches; the last break of whole lines belongs to them."""
    span = edit.span
    whole = span.start == span.source.line_start(span.line)
    return span.source.line_column(max(span.start, span.end - whole))[0]


def _lines(text: str) -> list[str]:
    """The lines that are left; none where the text is gone with its line break."""
    return text.split("\n") if text.strip() else []


def _overlap(one: Edit, other: Edit) -> bool:
    if one.span.start == other.span.start:
        return True
    return one.span.start < other.span.end and other.span.start < one.span.end
