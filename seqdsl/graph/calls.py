"""Which block was called where, and with which arguments, recorded where it was expanded."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span

# A size is a tuple; of a feature map there is its type, and of a layer or path its text.
Argument: TypeAlias = "int | str | Fraction | TensorType | tuple[Argument, ...] | None"


@frozen
class Call:
    """A call of a block. The scope that it is recorded for has its place (``span``) and its turn
    (``repeat``); calls that expand alike share one record.
    """

    block: str  # the name of its definition
    definition: Span  # that name in the source, which tells blocks of one name apart
    arguments: Mapping[str, Argument]  # in the order of the definition
