"""What a name of a file can stand for, and where it is named."""

from __future__ import annotations

from enum import Enum

from seqdsl.semantic.names.modules import Definition
from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.text import Span
from seqdsl.syntax import ast


class Kind(Enum):
    NETWORK = "network"
    MODEL = "model"
    BLOCK = "block"
    PRIMITIVE = "primitive"
    PARAMETER = "parameter"
    VALUE = "value"
    INDEX = "index"  # of a loop or an aggregation
    STAGE = "stage"
    CONSTANT = "constant"


@frozen_value
class Symbol:
    """``span`` is where it is declared; None for what is built in."""

    kind: Kind
    name: str
    span: Span | None


@frozen
class Reference:
    """A place that names a symbol."""

    span: Span
    symbol: Symbol


def symbol_of(definition: Definition) -> Symbol:
    match definition:
        case ast.Block():
            kind = Kind.BLOCK
        case ast.Model():
            kind = Kind.MODEL
        case _:
            kind = Kind.NETWORK
    return Symbol(kind, definition.name, definition.name_span)
