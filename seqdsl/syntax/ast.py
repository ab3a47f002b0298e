"""The syntax tree: frozen nodes, each with the span that it was read from.

Identity is equality: two nodes that read the same stand at different places.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.source.text import Source, Span


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


@frozen
class Call:
    """A layer applied to what flows: ``residual x 2 { ... }``, ``conv 3x3, 32``.

    ``callee`` is a name, or attributes of one (``body.last``).
    """

    callee: Name | Attribute
    arguments: tuple[Argument, ...]
    times: Expression | None
    body: Body | None
    span: Span


@frozen
class Let:
    """``skip = in | conv 1x1, 64``: names a value; what flows stays as it is."""

    name: str
    name_span: Span
    value: Expression
    calls: tuple[Call, ...]
    span: Span


@frozen
class Output:
    """``output aux = it | fc 10``; without a value the one of that name, or else what flows."""

    name: str
    name_span: Span
    value: Expression | None
    calls: tuple[Call, ...]
    span: Span


@frozen
class For:
    """``for i in 1..N { ... }``"""

    name: str
    name_span: Span
    values: Expression
    body: Body
    span: Span


@frozen
class If:
    """Conditions with their bodies, and what holds otherwise."""

    branches: tuple[tuple[Expression, Body], ...]
    otherwise: Body | None
    span: Span


@frozen
class Aggregate:
    """``aggregate i in 1..g, window=sliding { ... }`` (equations 1 and 2)."""

    name: str
    name_span: Span
    values: Expression
    arguments: tuple[Argument, ...]
    body: Body
    span: Span


@frozen
class Stage:
    """``stage conv2 -> 56x56 { ... }``; the head is the stage named ``head``."""

    name: str
    claim: Expression | None
    body: Body
    span: Span  # of the heading


@frozen
class InputShape:
    """``input 3x224x224``"""

    shape: tuple[Expression, ...]
    span: Span


@frozen
class Require:
    condition: Expression
    message: str | None
    span: Span


@frozen
class Expect:
    """``expect flops 4.32G by paper``; tolerance in per cent."""

    metric: str
    quantity: Number
    convention: str | None
    convention_span: Span | None
    tolerance: Number | None
    span: Span


Statement: TypeAlias = (
    Call | Let | Output | For | If | Aggregate | Stage | InputShape | Require | Expect
)


@frozen
class Body:
    """The statements between two braces."""

    statements: tuple[Statement, ...]
    span: Span


@frozen
class Type:
    """``int``, or ``int[3]``: one for each of three, a single one serving all."""

    name: str
    count: int | None
    span: Span


@frozen
class Parameter:
    name: str
    type: Type | None
    default: Expression | None
    span: Span


@frozen
class Use:
    """``use std.seqconv`` names the library, ``use "blocks.seq"`` a file beside this one."""

    target: str
    library: bool
    span: Span


@frozen
class Network:
    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


@frozen
class Block:
    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


@frozen
class Model:
    """A network with its parameters bound, and the claims of that instance."""

    name: str
    name_span: Span
    network: str
    network_span: Span
    arguments: tuple[Argument, ...]
    claims: tuple[Statement, ...]
    doc: str
    span: Span


Item: TypeAlias = Use | Network | Block | Model


@frozen
class Module:
    """One parsed file."""

    source: Source
    items: tuple[Item, ...]
