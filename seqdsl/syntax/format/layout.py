"""From statements to lines."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.source.allow import is_allowing
from seqdsl.syntax.format.fill import STEP, fill
from seqdsl.syntax.format.nodes import (
    Body,
    Element,
    Statement,
    begins_line,
    comments_before,
    flat,
    is_single_line,
    kind,
)
from seqdsl.syntax.format.page import WIDTH, Line, Page
from seqdsl.syntax.format.tables import row_of
from seqdsl.syntax.format.words import Comment

_FURTHER = 2 * STEP  # of a line that goes on, so that it differs from a body's


def lay_out(file: Body) -> list[Line]:
    """The lines of a file, before tables are aligned."""
    lines: list[Line] = []
    was_long = False
    for statement in file.statements:
        laid = _statement(statement, 0)
        head = len(statement.above) + 1  # lines up to the first of the definition
        is_long = len(laid) > head
        if (is_long or was_long) and not any(line.blank for line in laid[:head]):
            laid[0].blank = True
        lines += laid
        was_long = is_long
    return _closed(lines, file.below, 0)


def _body(body: Body, indent: int) -> list[Line]:
    lines = [line for statement in body.statements for line in _statement(statement, indent)]
    return _closed(lines, body.below, indent)


def _closed(lines: list[Line], below: Sequence[Comment], indent: int) -> list[Line]:
    """The lines of a body, with the comments at its end."""
    lines += _comments(below, indent)
    if lines:
        lines[0].blank = False
    return lines


def _comments(comments: Sequence[Comment], indent: int) -> list[Line]:
    return [Line(indent, comment=comment.text, blank=comment.blank) for comment in comments]


def _statement(statement: Statement, indent: int) -> list[Line]:
    """The lines of a statement, with the comments above it.

    What a comment above or behind it allows is allowed on one line alone: it stays one.
    """
    elements = statement.elements
    held = any(is_allowing(comment.text) for comment in statement.above)
    if (held or is_allowing(statement.remark or "")) and is_single_line(elements):
        lines = [Line(indent, flat(elements).lstrip())]
    else:
        lines = _pipeline(elements, indent, held=held)
    if len(lines) == 1:
        lines[0].row = row_of(elements)
    lines[0].blank = statement.blank
    lines[-1].comment = statement.remark
    return _comments(statement.above, indent) + lines


def _pipeline(elements: Sequence[Element], indent: int, *, held: bool) -> list[Line]:
    """A statement: as it comes, or with each layer of its pipeline on a line of its own.

    The latter where it is too long otherwise, where comments stand before a layer, and where the
    author put the first on a new line.
    """
    bars = [i for i, element in enumerate(elements) if kind(element) == "VBAR"]
    page = Page()
    opened = any(begins_line(elements[i]) for i in bars[:1])
    if not (opened or any(comments_before(elements[i]) for i in bars)):
        fits = _write(page, elements, indent, held=held)
        if fits or not bars:
            return page.lines
        page = Page()
    _write(page, elements[: bars[0]], indent, held=held)
    for start, stop in zip(bars, [*bars[1:], len(elements)], strict=True):
        page.comment(comments_before(elements[start]), indent + STEP)
        _write(page, elements[start:stop], indent + STEP, held=False)
    return page.lines


def _write(page: Page, elements: Sequence[Element], indent: int, *, held: bool) -> bool:
    """Writes elements from a new line on, and tells whether none but bodies took several lines.

    Bodies stay on that line where all of them were on one, and where they fit. They may also
    follow a bracket that closes on a line of its own.
    """
    bodies = [body for body in elements if isinstance(body, Body) and not body.is_empty]
    if bodies and all(body.on_a_line for body in bodies):
        tried = Page()
        fits = _write_parts(tried, elements, indent, held=held, on_a_line=True)
        closes = len(bodies) == 1 and tried.line.indent == indent
        if (fits or closes) and all(line.width <= WIDTH for line in tried.lines):
            page.lines += tried.lines
            return fits
    return _write_parts(page, elements, indent, held=held, on_a_line=False)


def _write_parts(
    page: Page, elements: Sequence[Element], indent: int, *, held: bool, on_a_line: bool
) -> bool:
    """``held``: up to the first body, what stands on one line stays there."""
    page.begin(indent)
    fits = True
    run: list[Element] = []
    for element in elements:
        if not isinstance(element, Body):
            run.append(element)
            continue
        is_flat = on_a_line or element.is_empty
        if (held or is_allowing(element.remark or "")) and is_single_line(run):
            page.write(flat(run))
        else:
            fits &= _write_run(page, run, indent, len(" {}" if element.is_empty else " {"))
        run, held = [], False
        if is_flat:
            page.write(flat([element]))
        else:
            page.write(" {")
            page.line.comment = element.remark
            page.lines += _body(element, indent + STEP)
            page.begin(indent)
            page.write("}")
    return _write_run(page, run, indent, 0) and fits if run else fits


def _write_run(page: Page, run: Sequence[Element], indent: int, tail: int) -> bool:
    if page.line.text and comments_before(run[0]):
        page.comment(comments_before(run[0]), indent)
        page.begin(indent)
    return fill(page, run, indent + _FURTHER, tail)
