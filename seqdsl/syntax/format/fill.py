"""Part of a statement on as few lines as it fits, where one is too short or a comment ends it.

A line ends where the grammar lets a statement go on: behind a comma or an operator, and between
brackets. Lines that go on stand further in than a body does.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TypeGuard

from seqdsl.syntax.format.nodes import (
    Element,
    Group,
    begins_line,
    comments_before,
    flat,
    has_space,
    kind,
    needs_lines,
)
from seqdsl.syntax.format.page import Page

STEP = 2  # columns of an indentation
# What a line may end with, the loosest first.
_ENDS: tuple[Set[str], ...] = (
    {"OR"},
    {"AND"},
    {"COMPARE", "_ARROW"},
    {"PLUS", "MINUS"},
    {"STAR", "SLASHES"},
)


def fill(page: Page, run: Sequence[Element], deeper: int, tail: int = 0) -> bool:
    """Writes elements behind the line, and tells whether they fitted there.

    Lines that they need besides begin at ``deeper``; behind the last stay ``tail`` columns.
    """
    if not needs_lines(run) and page.has_room(flat(run), tail):
        page.write(flat(run))
        return True
    parts = _parts(run)
    if len(parts) == 1:
        _open(page, run, tail)
    else:
        _fill_parts(page, parts, deeper, tail)
    return False


def _fill_parts(
    page: Page,
    parts: Sequence[Sequence[Element]],
    deeper: int,
    tail: int = 0,
    *,
    as_written: bool = False,
) -> None:
    """Writes parts, as many on a line as fit; ``as_written``, at most as many as in the source."""
    apart = any(comments_before(part[0]) for part in parts[1:])  # then each has a line
    for index, part in enumerate(parts):
        rest = tail if index == len(parts) - 1 else 0
        if index:
            page.comment(comments_before(part[0]), deeper)
            ends = apart or needs_lines(part) or (as_written and begins_line(part[0]))
            if ends or not page.has_room(flat(part), rest):
                page.begin(deeper)
        fill(page, part, deeper + STEP, rest)


def _parts(run: Sequence[Element]) -> list[Sequence[Element]]:
    """A run in the parts between which its line ends best; the run alone where it can't end."""
    commas = [i for i in range(1, len(run)) if kind(run[i - 1]) == "COMMA"]
    if commas:
        return _cut(run, commas)
    comments = [i for i in range(1, len(run)) if comments_before(run[i])]
    if comments:
        return _cut(run, comments)
    last = run[-1]
    if isinstance(last, Group) and last.is_list:
        return [run]
    if any(isinstance(element, Group) and element.is_commented for element in run):
        return [run]
    for ends in _ENDS:
        cuts = [i for i in range(2, len(run)) if kind(run[i - 1]) in ends and _may_end(run, i)]
        if cuts:
            return _cut(run, cuts)
    return [run]


def _may_end(run: Sequence[Element], cut: int) -> bool:
    """Whether a line ends well behind an operator: not behind a sign, nor in the sum of a range."""
    return has_space(run[cut]) or kind(run[cut - 1]) in ("STAR", "SLASHES")


def _cut(run: Sequence[Element], cuts: Sequence[int]) -> list[Sequence[Element]]:
    return [run[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(run)], strict=True)]


def _opens(element: Element) -> TypeGuard[Group]:
    """Whether an element is brackets that may open over lines: an index stays with its list."""
    if not isinstance(element, Group):
        return False
    return element.is_open or element.is_list or element.open.kind == "LPAR"


def _open(page: Page, run: Sequence[Element], tail: int) -> None:
    """Writes elements; brackets that don't fit, or must, open over several lines."""
    groups = [i for i, element in enumerate(run) if _opens(element)]
    for part in _cut(run, [i + 1 for i in groups[:-1]]):
        rest = tail if part[-1] is run[-1] else 0
        group = next((element for element in part if _opens(element)), None)
        if group is None or (page.has_room(flat(part), rest) and not group.is_open):
            page.write(flat(part))
            continue
        at = part.index(group)
        outer, inner = page.line.indent, page.line.indent + STEP
        page.write(flat((*part[:at], group.open)))
        if group.inner:
            page.comment(comments_before(group.inner[0]), inner)
            page.begin(inner)
            _fill_parts(page, _parts(group.inner), inner, as_written=True)
        page.comment(group.close.comments, inner)
        page.begin(outer)
        page.write(group.close.text + flat(part[at + 1 :]))
