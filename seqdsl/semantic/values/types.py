"""The types that a parameter can have: what each takes, in a table."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from seqdsl.graph.operations import Init, Interpolation
from seqdsl.semantic.values.value import (
    AllWindow,
    Feature,
    LastWindow,
    LayerValue,
    PathValue,
    PowersWindow,
    SizeValue,
    SlidingWindow,
    Statements,
    Value,
)
from seqdsl.source.frozen import frozen

MAX_SIDE = 2**31 - 1  # of a size: what torch and onnxruntime hold one in
SIDES = "torch and onnxruntime hold a size in 32 bits: no option raises this"


@frozen
class ParameterType:
    """What one type takes."""

    description: str  # ends the sentence "`k` must be ..."
    accepts: Callable[[Value], bool]
    convert: Callable[[Value], Value] | None = None  # from a shorter spelling
    whole: bool = False  # its numbers have no fractions
    least: int | None = None  # its numbers are not below this
    most: int = 2**63 - 1  # nor above this


def _is_whole(value: Value) -> bool:
    return type(value) is int


def _is_number(value: Value) -> bool:
    return type(value) is int or isinstance(value, Fraction)


def _is_size(value: Value) -> bool:
    return isinstance(value, SizeValue) and len(value.values) == 2


def _square(value: Value) -> Value:
    return SizeValue((value, value)) if type(value) is int else value


def _single(value: Value) -> Value:
    return PathValue((value,)) if isinstance(value, SizeValue) else value


def _listed(value: Value) -> Value:
    return tuple(value) if isinstance(value, range) else value


_WINDOWS = (AllWindow, SlidingWindow, LastWindow, PowersWindow, tuple)

TYPES: dict[str, ParameterType] = {
    "int": ParameterType("a whole number", _is_whole, whole=True),
    "positive": ParameterType("a whole number above zero", _is_whole, whole=True, least=1),
    "number": ParameterType("a number", _is_number),
    "bool": ParameterType("true or false", lambda v: isinstance(v, bool)),
    "size": ParameterType(
        "a size such as 3x3, or one number for both sides", _is_size, _square, True, 1, MAX_SIDE
    ),
    "margin": ParameterType(
        "a number of zeros such as 1 or 1x2", _is_size, _square, True, 0, MAX_SIDE
    ),
    "path": ParameterType(
        "kernels such as 1x1 -> 3x3", lambda v: isinstance(v, PathValue), _single
    ),
    "list": ParameterType("a list", lambda v: isinstance(v, tuple | range)),
    "feature": ParameterType("a feature map", lambda v: isinstance(v, Feature)),
    "layer": ParameterType("a layer, or none", lambda v: v is None or isinstance(v, LayerValue)),
    "layers": ParameterType("layers in braces", lambda v: isinstance(v, Statements)),
    "window": ParameterType(
        "a window: all, sliding, last(n), powers(b) or a list of offsets",
        lambda v: isinstance(v, _WINDOWS),
        _listed,
    ),
    "init": ParameterType("an initialisation: he, glorot or zero", lambda v: isinstance(v, Init)),
    "interpolation": ParameterType(
        "an interpolation: nearest or bilinear", lambda v: isinstance(v, Interpolation)
    ),
    "text": ParameterType("text in quotes", lambda v: isinstance(v, str)),
}
