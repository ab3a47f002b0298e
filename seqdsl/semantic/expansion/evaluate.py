"""Evaluates expressions: exact arithmetic on whole numbers and fractions, and on shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.frame import Broken, Frame
from seqdsl.semantic.expansion.layer_values import BlockLayer, PrimitiveLayer
from seqdsl.semantic.names.unknown import ANYWHERE, undefined_value, unknown_function
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values import foreign
from seqdsl.semantic.values.constants import CONSTANTS, FUNCTIONS
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.properties import attribute_of, members, method_of
from seqdsl.semantic.values.value import Feature, PathValue, SizeValue, Value, kind_of
from seqdsl.source.limits import INTEGERS, LIMITS, way_on
from seqdsl.source.meter import spend_on
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.construct import MAX_INTEGER


class Poisoned(Exception):
    """A value that an earlier error left undefined was read; nothing more is to be said."""


def evaluate(expression: ast.Expression, frame: Frame) -> Value:
    """The value of an expression. Raises `Failure` or `Poisoned`."""
    return _EVALUATORS[type(expression)](expression, frame)


def truth(expression: ast.Expression, frame: Frame) -> bool:
    """The value of a condition."""
    value = evaluate(expression, frame)
    if isinstance(value, bool):
        return value
    raise _wrong(expression.span, frame.scope, "true or false", value)


def number(expression: ast.Expression, frame: Frame) -> int | Fraction:
    value = evaluate(expression, frame)
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return value
    raise _wrong(expression.span, frame.scope, "a number", value)


def whole(expression: ast.Expression, frame: Frame) -> int:
    """The value of an expression that must be a whole number."""
    value = number(expression, frame)
    if isinstance(value, int):
        return value
    raise fail(
        "not-whole",
        f"`{' '.join(expression.span.text.split())}` must be a whole number, and is {value}",
        expression.span,
        frame.scope,
        label=f"= {value}",
        help="choose numbers that divide without remainder, or divide with `//`",
    )


def items(expression: ast.Expression, frame: Frame) -> Sequence[Value]:
    """The values that a loop or an aggregation runs over."""
    values = evaluate(expression, frame)
    if not isinstance(values, tuple | range):
        raise fail(
            "wrong-type", f"a list or a range is needed, and this is {kind_of(values)}",
            expression.span, frame.scope, label=kind_of(values), help="write 1..N",
        )  # fmt: skip
    return values


def name_value(name: str, span: Span, frame: Frame) -> Value:
    """What a name stands for: a value in scope, a constant, a layer, or what left a stage."""
    home = frame.home(name)
    if home is not None:
        value = home[name]
        if isinstance(value, Broken):
            raise Poisoned
        return value
    if name in CONSTANTS:
        return CONSTANTS[name]
    found = frame.module.find(name)
    if found is not None and isinstance(found[0], ast.Block):
        return BlockLayer(found[0], found[1])
    if name in PRIMITIVES:
        return PrimitiveLayer(PRIMITIVES[name])
    left = frame.stage(name)
    if isinstance(left, Broken):
        raise Poisoned
    if left is not None:
        return left
    help, fix = undefined_value(ast.Name(name, span), ANYWHERE, frame.module, frame.names())
    raise fail(
        "undefined-name",
        f"`{name}` is not defined here",
        span,
        frame.scope,
        label="not in scope",
        help=help,
        fix=fix,
    )


def _name(e: ast.Name, frame: Frame) -> Value:
    if e.name in ("in", "it"):
        feature = frame.entry if e.name == "in" else frame.current
        if isinstance(feature, Broken):
            raise Poisoned
        if feature is None:
            raise fail(
                "no-input",
                f"nothing flows here yet, so `{e.name}` has no value",
                e.span,
                frame.scope,
                help="begin the network with `input 3x224x224`",
            )
        return feature
    return name_value(e.name, e.span, frame)


def _path(e: ast.Path, frame: Frame) -> Value:
    parts: list[Value] = []
    for part in e.parts:
        value = evaluate(part, frame)
        if isinstance(value, PathValue):
            parts.extend(value.parts)
        elif isinstance(value, SizeValue):
            parts.append(value)
        else:
            raise _wrong(part.span, frame.scope, "a size such as 3x3", value)
        spend_on(len(parts))
        _hold("a path", len(parts), e.span, frame.scope)
    return PathValue(tuple(parts))


def _list(e: ast.ListOf, frame: Frame) -> Value:
    values = tuple(evaluate(item, frame) for item in e.items)
    size = _size(values, LIMITS.get().repeat)
    spend_on(size)
    _hold("a list", size, e.span, frame.scope)
    most = LIMITS.get().nesting
    if _depth(values) > most:
        raise fail(
            "nesting", f"lists are nested deeper than {most} here", e.span, frame.scope,
            help=f"does a list go into itself, turn by turn? {way_on('nesting')}",
        )  # fmt: skip
    return values


def _size(values: tuple[Value, ...], most: int) -> int:
    """The values of a list and of the lists in it, counted no further than past the most."""
    size = len(values)
    for value in values:
        if isinstance(value, tuple) and size <= most:
            size += _size(value, most - size)
    return size


def _depth(values: tuple[Value, ...]) -> int:
    """How many lists stand in one another, this one among them."""
    return 1 + max((_depth(value) for value in values if isinstance(value, tuple)), default=0)


def _hold(what: str, length: int, span: Span, scope: Scope) -> None:
    """Holds the length of what a loop can run over against the limit. Raises `Failure`."""
    most = LIMITS.get().repeat
    if length > most:
        raise fail(
            "repeat-limit", f"{what} of {length:,} is longer than the limit of {most:,}",
            span, scope,
            help="networks do not repeat so often: is a digit too many here? "
            + way_on("repeat", length),
        )  # fmt: skip


def _range(e: ast.Range, frame: Frame) -> Value:
    first, last = whole(e.first, frame), whole(e.last, frame)
    _hold("a range", last - first + 1, e.span, frame.scope)
    return range(first, last + 1)


def _chain(e: ast.Chain, frame: Frame) -> Value:
    total = _operand(e.first, e, frame)
    for operator, operand in e.rest:
        value = _operand(operand, e, frame)
        if operator in ("/", "//", "%") and value == 0:
            raise fail(
                "division-by-zero", "this divides by zero", operand.span, frame.scope, label="= 0"
            )
        total = _normal(_OPERATORS[operator](total, value), e.span, frame.scope)
    return total


def _operand(expression: ast.Expression, chain: ast.Chain, frame: Frame) -> int | Fraction:
    """A number of a chain; of feature maps, the layer is named that adds or multiplies them."""
    value = evaluate(expression, frame)
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return value
    if isinstance(value, Feature):
        help, fix = foreign.of_chain(chain)
        if help is not None:
            raise fail(
                "wrong-type", "an operator is for numbers, and this is a feature map",
                expression.span, frame.scope, label="a feature map", help=help, fix=fix,
            )  # fmt: skip
    raise _wrong(expression.span, frame.scope, "a number", value)


_OPERATORS: dict[str, Callable[[int | Fraction, int | Fraction], int | Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: Fraction(a) / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def _normal(value: int | Fraction, span: Span, scope: Scope) -> int | Fraction:
    if isinstance(value, Fraction) and value.denominator == 1:
        value = value.numerator
    if max(abs(value.numerator), value.denominator) > MAX_INTEGER:
        raise fail(
            "integer-range", "this number is outside the range of 64 bits", span, scope,
            label="too large", help=INTEGERS,
        )  # fmt: skip
    return value


def _minus(e: ast.Minus, frame: Frame) -> Value:
    return -number(e.value, frame)


def _compare(e: ast.Compare, frame: Frame) -> Value:
    if e.operator in ("==", "!="):
        left, right = evaluate(e.left, frame), evaluate(e.right, frame)
        return _equal(left, right) is (e.operator == "==")
    a, b = number(e.left, frame), number(e.right, frame)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[e.operator]


def _equal(left: Value, right: Value) -> bool:
    """Equality of values; a number stands for a size of that many on both sides."""
    if isinstance(left, Feature | tuple):
        spend_on(len(left.groups if isinstance(left, Feature) else left))
    if isinstance(left, SizeValue) and type(right) is int:
        return left.values == (right, right)
    if isinstance(right, SizeValue) and type(left) is int:
        return right.values == (left, left)
    return left == right


def _logic(e: ast.Logic, frame: Frame) -> Value:
    wanted = e.operator == "or"
    for operand in e.operands:
        if truth(operand, frame) is wanted:
            return wanted
    return not wanted


def _conditional(e: ast.Conditional, frame: Frame) -> Value:
    return evaluate(e.value if truth(e.condition, frame) else e.otherwise, frame)


def _attribute(e: ast.Attribute, frame: Frame) -> Value:
    base = evaluate(e.base, frame)
    if base is None and e.optional:
        return None
    return attribute_of(base, e.name, e.span, frame.scope)


def _method(e: ast.Method, frame: Frame) -> Value:
    base = evaluate(e.base, frame)
    if base is None and e.optional:
        return None
    arguments = [whole(argument.value, frame) for argument in e.arguments]
    return method_of(base, e.name, arguments, e.span, frame.scope)


def _index(e: ast.Index, frame: Frame) -> Value:
    base, index = evaluate(e.base, frame), whole(e.index, frame)
    items = base.values if isinstance(base, SizeValue) else base
    if not isinstance(items, tuple | range):
        raise _wrong(e.base.span, frame.scope, "a list", base)
    if not 1 <= index <= len(items):
        raise fail(
            "index-range",
            f"index {index} of a list of {len(items)}",
            e.index.span,
            frame.scope,
            label=f"= {index}",
            help=f"indices run from 1 to {len(items)}",
        )
    return items[index - 1]


def _function(e: ast.Function, frame: Frame) -> Value:
    least, most, apply = FUNCTIONS.get(e.name, (0, 0, None))
    if apply is None:
        help, fix = unknown_function(e, frame.module)
        raise fail(
            "undefined-name",
            f"no function `{e.name}` exists",
            e.span,
            frame.scope,
            help=help,
            fix=fix,
        )
    values = [whole(argument.value, frame) for argument in e.arguments]
    if not least <= len(values) <= most:
        raise fail(
            "missing-argument" if len(values) < least else "unknown-argument",
            f"`{e.name}` takes {least} argument{'s' if least > 1 else ''}",
            e.span,
            frame.scope,
        )
    if e.name in ("last", "powers") and values[0] < (1 if e.name == "last" else 2):
        raise fail(
            "not-positive",
            f"`{e.name}` needs a number of {1 if e.name == 'last' else 2} or more",
            e.arguments[0].span,
            frame.scope,
        )
    return apply(values)


def _wrong(span: Span, scope: Scope, wanted: str, value: Value) -> Exception:
    return fail(
        "wrong-type",
        f"{wanted} is needed here, and this is {kind_of(value)}",
        span,
        scope,
        label=kind_of(value),
        help=f"a feature map has {members(value)}" if isinstance(value, Feature) else None,
    )


_EVALUATORS: dict[type, Callable[..., Value]] = {
    ast.Number: lambda e, _: e.value,
    ast.Size: lambda e, _: SizeValue(e.values),
    ast.Text: lambda e, _: e.value,
    ast.Name: _name,
    ast.ListOf: _list,
    ast.Path: _path,
    ast.Range: _range,
    ast.Chain: _chain,
    ast.Minus: _minus,
    ast.Compare: _compare,
    ast.Logic: _logic,
    ast.Not: lambda e, frame: not truth(e.value, frame),
    ast.Conditional: _conditional,
    ast.Attribute: _attribute,
    ast.Method: _method,
    ast.Index: _index,
    ast.Function: _function,
}
