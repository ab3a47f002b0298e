"""The shape that a network's `input` states, and the orders in which others would state it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from seqdsl.graph.inference import MAX_COUNT
from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.evaluate import evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.values.locate import diagnostic, fail
from seqdsl.semantic.values.value import SizeValue, Value
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import replacing
from seqdsl.source.limits import INTEGERS
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.misfit import Advice

_COLORS = (1, 3, 4)  # channels of images, as they stand last in other frameworks
_LEAST = 16  # height and width of an image


def input_shape(statement: ast.InputShape, frame: Frame) -> tuple[int, tuple[int, int]]:
    """The channels, and the height and width. Raises `Failure`."""
    values = [evaluate(part, frame) for part in statement.shape]
    first = values[0]
    single = len(values) == 1 and isinstance(first, SizeValue | tuple)
    shape: Sequence[Value] = values
    if single:
        shape = first.values if isinstance(first, SizeValue) else cast(tuple[Value, ...], first)
    if isinstance(first, tuple) or len(shape) != 3 or not all(type(s) is int for s in shape):
        help, fix = _as_meant(statement, shape)
        raise fail(
            "wrong-type", "an input is channels x height x width", statement.span, frame.scope,
            help=help, fix=fix,
        )  # fmt: skip
    channels, height, width = cast(Sequence[int], shape)
    if min(channels, height, width) < 1:
        raise fail(
            "not-positive", "every side of the input must be above zero", statement.span,
            frame.scope,
        )  # fmt: skip
    if channels * height * width > MAX_COUNT:
        raise fail(
            "integer-range", "the input's elements are more than 64 bits can count",
            statement.span, frame.scope, help=INTEGERS,
        )  # fmt: skip
    return channels, (height, width)


def _as_meant(statement: ast.InputShape, shape: Sequence[Value]) -> Advice:
    """Of a shape with a batch before it, or in brackets."""
    sides = [side for side in shape if type(side) is int]
    if len(sides) == len(shape) == 4:
        shown = "x".join(map(str, sides[1:]))
        return f"the batch is no part of it: `input {shown}`", replacing(_written(statement), shown)
    if len(sides) == len(shape) == 3:
        shown = "x".join(map(str, sides))
        return f"write `input {shown}`", replacing(_written(statement), shown)
    if len(sides) == len(shape) == 2:
        return f"channels come first: `input 3x{sides[0]}x{sides[1]}` for colour images", None
    return "write `input 3x224x224`", None


def channels_last(
    statement: ast.InputShape, channels: int, spatial: tuple[int, int], scope: Scope
) -> list[Diagnostic]:
    """A warning for `input 32x32x3`, which is an image of 32 channels, 3 wide."""
    height, width = spatial
    square = channels == height > width
    if width not in _COLORS or not (square or (width == 3 and min(channels, height) >= _LEAST)):
        return []
    meant = f"{width}x{channels}x{height}"
    return [
        diagnostic(
            "channels-last",
            f"this input has {channels} channels and is {height}x{width}: channels come first",
            statement.span,
            scope,
            label="channels x height x width",
            help=f"an image of {width} channel{'s' if width > 1 else ''} is `input {meant}`",
            fix=replacing(_written(statement), meant),
        )
    ]


def _written(statement: ast.InputShape) -> Span:
    return statement.shape[0].span.to(statement.shape[-1].span)
