"""Spells values as a reader would write them, and exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.values.binding import Actual, Formal, coerce
from seqdsl.semantic.values.value import InputWord, PathValue, SizeValue, Value, show
from seqdsl.source.diagnostic import Failure
from seqdsl.syntax.names import names_in

_DIGITS = 24  # of a number that is written as a decimal


def spell(value: Value) -> str:
    """A number, size, word or list of these."""
    match value:
        case Fraction():
            return _number(value)
        case InputWord():
            return "input"
        case SizeValue(values=sides) if min(sides) < 0:
            return f"size({', '.join(map(str, sides))})"
        case PathValue(parts=parts):
            return " -> ".join(map(spell, parts))
        case tuple():
            return f"[{', '.join(map(spell, value))}]"
        case _:
            return show(value)


def _number(value: Fraction) -> str:
    rest, places = value.denominator, 0
    while rest % 10 == 0 or rest % 5 == 0 or rest % 2 == 0:
        rest //= 10 if rest % 10 == 0 else 5 if rest % 5 == 0 else 2
        places += 1
    if rest > 1 or places > _DIGITS:
        return f"{value.numerator}/{value.denominator}"
    return f"{Decimal(value.numerator * 10**places // value.denominator).scaleb(-places):f}"


def arguments(
    formals: Sequence[Formal], actuals: Sequence[Actual], home: Frame
) -> list[tuple[str | None, Value]]:
    """The arguments of a call as they are best read: what a parameter must be given by its place,
    other things by their names, and what is the default not at all.
    """
    ordered = [formal for formal in formals if formal.type != "layers"]
    by_name = {formal.name: formal for formal in formals}
    positional = iter(ordered)
    placed: list[tuple[str | None, Value]] = []
    named: list[tuple[str | None, Value]] = []
    for actual in actuals:
        formal = by_name[actual.name] if actual.name is not None else next(positional)
        if formal.required:
            (placed if actual.name is None else named).append((actual.name, actual.value))
        elif not _is_default(actual, formal, formals, home):
            value = actual.value
            if isinstance(value, SizeValue) and len({*value.values}) == 1:
                value = value.values[0] if formal.type in ("size", "margin") else value
            named.append((formal.name, value))
    return [*placed, *named]


def _is_default(actual: Actual, formal: Formal, formals: Sequence[Formal], home: Frame) -> bool:
    """Whether an argument is what the parameter has without it, whatever the others are."""
    default = formal.default
    try:
        if formal.expression is not None:
            others = {each.name for each in formals}
            if any(name.name in (*others, "it", "in") for name in names_in(formal.expression)):
                return False
            default = evaluate(formal.expression, home)
            default = coerce(default, formal, formal.expression.span, home.scope)
        return coerce(actual.value, formal, actual.span, home.scope) == default
    except (Failure, Poisoned):
        return False
