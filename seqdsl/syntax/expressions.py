"""The syntax tree of expressions: frozen nodes, each with the span that it was read from."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


@frozen
class Number:
    value: int | Fraction
    text: str  # as written, with its suffix: 26.2M
    span: Span


@frozen
class Size:
    """``3x3`` or ``3x224x224``."""

    values: tuple[int, ...]
    span: Span


@frozen
class Text:
    value: str
    span: Span


@frozen
class Name:
    """A value's name, or one of the words ``it``, ``in`` and ``input``."""

    name: str
    span: Span


@frozen
class ListOf:
    items: tuple[Expression, ...]
    span: Span


@frozen
class Path:
    """``1x1 -> 3x3``"""

    parts: tuple[Expression, ...]
    span: Span


@frozen
class Range:
    """``1..g``, both ends included."""

    first: Expression
    last: Expression
    span: Span


@frozen
class Chain:
    """Operators of one precedence, from left to right: ``a * b / c``."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]
    span: Span


@frozen
class Minus:
    value: Expression
    span: Span


@frozen
class Compare:
    left: Expression
    operator: str
    right: Expression
    span: Span


@frozen
class Logic:
    """``and`` or ``or`` over all its operands."""

    operator: str
    operands: tuple[Expression, ...]
    span: Span


@frozen
class Not:
    value: Expression
    span: Span


@frozen
class Conditional:
    """``value if condition else otherwise``"""

    value: Expression
    condition: Expression
    otherwise: Expression
    span: Span


@frozen
class Attribute:
    """``base.name``; with ``optional`` (``base?.name``) none gives none."""

    base: Expression
    name: str
    optional: bool
    span: Span


@frozen
class Method:
    """``base.name(arguments)``"""

    base: Expression
    name: str
    arguments: tuple[Argument, ...]
    optional: bool
    span: Span


@frozen
class Index:
    """``base[1]``; the first element has index 1."""

    base: Expression
    index: Expression
    span: Span


@frozen
class Function:
    """``min(a, b)``"""

    name: str
    arguments: tuple[Argument, ...]
    span: Span


Expression: TypeAlias = (
    Number
    | Size
    | Text
    | Name
    | ListOf
    | Path
    | Range
    | Chain
    | Minus
    | Compare
    | Logic
    | Not
    | Conditional
    | Attribute
    | Method
    | Index
    | Function
)


@frozen
class Argument:
    """One argument of a call; ``name`` is None for a positional one."""

    name: str | None
    value: Expression
    span: Span
