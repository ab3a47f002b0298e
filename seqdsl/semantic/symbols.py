"""What a name of a file can stand for, and where it is named."""

from __future__ import annotations

from enum import Enum

from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.text import Span


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
