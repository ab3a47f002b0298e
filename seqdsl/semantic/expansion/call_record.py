"""Makes the graph's record of a call of a block."""

from __future__ import annotations

from fractions import Fraction

from seqdsl.graph.calls import Argument, Call
from seqdsl.semantic.expansion.frame import Broken, Frame
from seqdsl.semantic.values.value import Feature, LayerValue, SizeValue, Value, show
from seqdsl.syntax import ast


def call_of(block: ast.Block, inner: Frame) -> Call:
    """Make the record of a call from what is bound before the block runs."""
    values = {name: _argument(value) for name, value in inner.values.items()}
    return Call(block.name, block.name_span, values)


def _argument(value: Value | Broken) -> Argument:
    match value:
        case None | int() | str() | Fraction():
            return value
        case SizeValue(values=values):
            return values
        case LayerValue():
            return value.word
        case Feature():
            return value.type
        case tuple():
            return tuple(map(_argument, value))
        case Broken():
            return None
        case _:
            return show(value)
