"""The syntax tree: frozen nodes, each with the span that it was read from.

Identity is equality: two nodes that read the same stand at different places.
"""

from __future__ import annotations

from typing import TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.source.text import Source, Span
from seqdsl.syntax.expressions import (
    Argument,
    Attribute,
    Chain,
    Compare,
    Conditional,
    Expression,
    Function,
    Index,
    ListOf,
    Logic,
    Method,
    Minus,
    Name,
    Not,
    Number,
    Path,
    Range,
    Size,
    Text,
)

# fmt: off
__all__ = [  # handed on: the whole tree under one name
    "Argument", "Attribute", "Chain", "Compare", "Conditional", "Expression", "Function", "Index",
    "ListOf", "Logic", "Method", "Minus", "Name", "Not", "Number", "Path", "Range", "Size",
    "Text",
]
# fmt: on


class Keyed:
    """What may be the key of a cache that does not keep it."""

    __slots__ = ("__weakref__",)


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
    """``skip = in | conv 1x1, 64``: names a value; what flows stays as it is, unless the name
    is ``it``.
    """

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
    name_span: Span
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
    metric_span: Span
    quantity: Number
    convention: str | None
    convention_span: Span | None
    tolerance: Number | None
    span: Span


@frozen
class Train:
    """``train cifar { epochs = 200 }``: the recipe that training starts from, and what differs."""

    recipe: str | None
    recipe_span: Span | None
    settings: tuple[Argument, ...]
    span: Span  # of the heading


Statement: TypeAlias = (
    Call | Let | Output | For | If | Aggregate | Stage | InputShape | Require | Expect | Train
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
    target_span: Span  # within the quotes of a file
    library: bool
    span: Span


@frozen
class Network(Keyed):
    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


@frozen
class Block(Keyed):
    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


@frozen
class Model:
    """A network with its parameters bound, and what is claimed and trained of that instance."""

    name: str
    name_span: Span
    network: str
    network_span: Span
    arguments: tuple[Argument, ...]
    claims: tuple[Statement, ...]
    doc: str
    span: Span


@frozen
class Replace:
    """``replace conv(kernel, width) where width > 3 { ... }``: what stands for a layer."""

    layer: str
    layer_span: Span
    parameters: tuple[Name, ...]  # those of the layer that are read; others keep their defaults
    where: Expression | None
    body: Body
    span: Span  # of the heading


@frozen
class Derived(Keyed):
    """``network SeqVGG(k) = VGG16BN with { ... }``: a network with some of its layers replaced."""

    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    base: str
    base_span: Span
    arguments: tuple[Argument, ...]
    replacements: tuple[Replace, ...]
    claims: tuple[Expect | Train, ...]
    doc: str
    span: Span


Buildable: TypeAlias = Network | Derived | Model  # what a file builds
Item: TypeAlias = Use | Block | Buildable


@frozen
class Module:
    """One parsed file, the names that it declares where it can't be read, and whether any of its
    statements is left out for that.
    """

    source: Source
    items: tuple[Item, ...]
    unread: frozenset[str] = frozenset()
    partial: bool = False
