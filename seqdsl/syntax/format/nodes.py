"""What a formatter needs of a source's structure: statements, bodies and brackets.

No node is made of what a statement means, so that no token of any statement can get lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.syntax.format.words import Comment, Word


@frozen
class Group:
    """What stands between two brackets, `( )` or `[ ]`."""

    open: Word
    inner: tuple[Element, ...]
    close: Word
    is_list: bool
    is_commented: bool  # comments stand in it, behind its opening bracket
    is_open: bool  # it can't stand on one line: it is commented, or the author opened a list in it


@frozen
class Body:
    """The statements between two braces, or of a whole file."""

    remark: str | None  # behind the opening brace
    statements: tuple[Statement, ...]
    below: tuple[Comment, ...]  # on lines of their own behind the last statement
    on_a_line: bool  # in the source, from brace to brace

    @property
    def is_empty(self) -> bool:
        return not (self.statements or self.remark or self.below)


Element: TypeAlias = Word | Group | Body


@frozen
class Statement:
    """A statement of a body, or a definition of a file."""

    above: tuple[Comment, ...]  # on lines of their own
    blank: bool  # a blank line stands above it, and below its comments
    elements: tuple[Element, ...]
    remark: str | None  # behind it, on its line


def kind(element: Element) -> str:
    """The kind of a word; of brackets and braces, that of the word that opens them."""
    match element:
        case Word(kind=kind) | Group(open=Word(kind=kind)):
            return kind
        case Body():
            return "LBRACE"


def has_space(element: Element) -> bool:
    """Whether a space stands before an element, on one line."""
    match element:
        case Word(space=space) | Group(open=Word(space=space)):
            return space
        case Body():
            return True


def begins_line(element: Element) -> bool:
    """Whether an element begins a line of the source."""
    match element:
        case Word(begins_line=begins_line) | Group(open=Word(begins_line=begins_line)):
            return begins_line
        case Body():
            return False


def comments_before(element: Element) -> tuple[Comment, ...]:
    match element:
        case Word(comments=comments) | Group(open=Word(comments=comments)):
            return comments
        case Body():
            return ()


def group(open: Word, inner: tuple[Element, ...], close: Word) -> Group:
    """A group, with what its elements make of it."""
    groups = [element for element in inner if isinstance(element, Group)]
    is_list = any(kind(element) == "COMMA" for element in inner)
    is_commented = any(map(comments_before, (*inner, close))) or any(g.is_commented for g in groups)
    opened = is_list and begins_line(inner[0])
    is_open = is_commented or opened or any(group.is_open for group in groups)
    return Group(open, inner, close, is_list, is_commented, is_open)


def needs_lines(elements: Sequence[Element]) -> bool:
    """Whether elements can't stand on one line, whatever comments stand in front of the first."""
    if any(map(comments_before, elements[1:])):
        return True
    return any(isinstance(element, Group) and element.is_open for element in elements)


def is_single_line(elements: Sequence[Element]) -> bool:
    """Whether elements stand on one line in the source."""
    return not any(map(begins_line, elements[1:])) and all(map(_is_on_a_line, elements))


def _is_on_a_line(element: Element) -> bool:
    match element:
        case Group(inner=inner, close=close):
            return is_single_line((element.open, *inner, close))
        case Body():
            return element.on_a_line
        case Word():
            return True


def flat(elements: Sequence[Element]) -> str:
    """Elements on one line, with the space that stands before the first."""
    return "".join(map(_flat, elements))


def _flat(element: Element) -> str:
    match element:
        case Word(text=text, space=space):
            return f" {text}" if space else text
        case Group(open=open, inner=inner, close=close):
            return f"{_flat(open)}{flat(inner)}{close.text}"
        case Body(statements=()):
            return " {}"
        case Body(statements=statements):
            return f" {{ {'; '.join(flat(each.elements) for each in statements)} }}"
