"""Puts the arguments of a call to the parameters of what is called, and checks their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from seqdsl.graph.operations import Init
from seqdsl.graph.scope import Scope
from seqdsl.semantic.locate import fail
from seqdsl.semantic.values import (
    AllWindow,
    BlockLayer,
    Feature,
    InputWord,
    LastWindow,
    Layers,
    PathValue,
    PowersWindow,
    PrimitiveLayer,
    SizeValue,
    SlidingWindow,
    Value,
    kind_of,
    show,
)
from seqdsl.source.diagnostic import Label
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Span
from seqdsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Formal:
    """A parameter: of a block or network from its source, of a primitive from the table."""

    name: str
    type: str | None = None
    count: int | None = None  # `int[3]`: one for each of three
    required: bool = True
    default: Value = None
    expression: ast.Expression | None = None  # a default of the source, evaluated at each call
    span: Span | None = None

    @property
    def accepts_none(self) -> bool:
        if self.expression is not None:
            return isinstance(self.expression, ast.Name) and self.expression.name == "none"
        return not self.required and self.default is None


@dataclass(frozen=True, slots=True)
class Actual:
    """An argument's value, and where it stands."""

    name: str | None
    value: Value
    span: Span


def formals_of(parameters: Iterable[ast.Parameter]) -> tuple[Formal, ...]:
    return tuple(
        Formal(
            p.name,
            p.type.name if p.type else None,
            p.type.count if p.type else None,
            required=p.default is None,
            expression=p.default,
            span=p.span,
        )
        for p in parameters
    )


def bind(
    what: str,
    formals: Sequence[Formal],
    actuals: Sequence[Actual],
    span: Span,
    scope: Scope,
    evaluate: Callable[[ast.Expression, dict[str, Value]], Value],
) -> dict[str, Value]:
    """The value of every parameter. Raises `Failure` at the argument that does not fit."""
    given = assign([f.name for f in formals], what, actuals, scope, formals)
    bound: dict[str, Value] = {}
    for formal in formals:
        actual = given.get(formal.name)
        if actual is not None:
            bound[formal.name] = coerce(actual.value, formal, actual.span, scope)
        elif formal.expression is not None:
            value = evaluate(formal.expression, bound)
            bound[formal.name] = coerce(value, formal, formal.expression.span, scope)
        elif formal.required:
            secondary = () if formal.span is None else (Label(formal.span, "declared here"),)
            raise fail(
                "missing-argument",
                f"`{what}` needs `{formal.name}`",
                span,
                scope,
                label=f"no `{formal.name}` given",
                secondary=secondary,
                help=f"`{what}` takes {signature(formals)}",
            )
        else:
            bound[formal.name] = formal.default
    return bound


def assign(
    names: Sequence[str],
    what: str,
    actuals: Sequence[Actual],
    scope: Scope,
    formals: Sequence[Formal],
) -> dict[str, Actual]:
    """Which argument goes to which parameter: positional ones first, in order."""
    given: dict[str, Actual] = {}
    positional = 0
    for actual in actuals:
        if actual.name is None:
            if positional >= len(names):
                raise fail(
                    "unknown-argument",
                    f"`{what}` takes {_count(len(names))}",
                    actual.span,
                    scope,
                    label="one too many",
                    help=f"`{what}` takes {signature(formals)}",
                )
            name = names[positional]
            positional += 1
        else:
            name = actual.name
            if name not in names:
                suggestion = nearest(name, names)
                raise fail(
                    "unknown-argument",
                    f"`{what}` has no parameter `{name}`",
                    actual.span,
                    scope,
                    label="unknown",
                    help=f"did you mean `{suggestion}`?"
                    if suggestion
                    else f"`{what}` takes {signature(formals)}",
                )
        if name in given:
            raise fail(
                "duplicate-argument",
                f"`{name}` is given twice",
                actual.span,
                scope,
                label="given again",
                secondary=(Label(given[name].span, "first given here"),),
                help="remove one of them",
            )
        given[name] = actual
    return given


def signature(formals: Sequence[Formal]) -> str:
    """The parameters as a reader would write them; optional ones in brackets."""
    if not formals:
        return "no arguments"
    return ", ".join(f.name if f.required else f"[{f.name}]" for f in formals)


def _count(count: int) -> str:
    return "no arguments" if count == 0 else f"{count} argument{'s' if count > 1 else ''} at most"


# --- types --------------------------------------------------------------------------------------

TYPES: dict[str, str] = {
    "int": "a whole number",
    "positive": "a whole number above zero",
    "number": "a number",
    "bool": "true or false",
    "size": "a size such as 3x3, or one number for both sides",
    "margin": "a number of zeros such as 1 or 1x2",
    "path": "kernels such as 1x1 -> 3x3",
    "list": "a list",
    "feature": "a feature map",
    "layer": "a layer, or none",
    "layers": "layers in braces",
    "window": "a window: all, sliding, last(n), powers(b) or a list of offsets",
    "init": "an initialisation: he, glorot or zero",
    "text": "text in quotes",
}


def coerce(value: Value, formal: Formal, span: Span, scope: Scope) -> Value:
    """A value as a parameter's type has it. Raises `Failure`."""
    if formal.type is None or (value is None and formal.accepts_none):
        return value
    if formal.count is not None:
        items = tuple(value) if isinstance(value, tuple | range) else (value,) * formal.count
        if len(items) != formal.count:
            raise fail(
                "wrong-type",
                f"`{formal.name}` is one value for each of {formal.count}, and {len(items)} "
                "are given",
                span,
                scope,
                label=f"{len(items)} values",
                help=f"give {formal.count} values, or a single one for all",
            )
        return tuple(_one(item, formal, span, scope) for item in items)
    return _one(value, formal, span, scope)


def _one(value: Value, formal: Formal, span: Span, scope: Scope) -> Value:
    match formal.type, value:
        case "size" | "margin", int() if not isinstance(value, bool):
            value = SizeValue((value, value))
        case "path", SizeValue():
            value = PathValue((value,))
        case "window", tuple() | range():
            value = tuple(value)
    if isinstance(value, Fraction) and formal.type in ("int", "positive", "size", "margin"):
        raise fail(
            "not-whole",
            f"`{formal.name}` must be a whole number, and this is {show(value)}",
            span,
            scope,
            label=f"= {show(value)}",
            help="choose numbers that divide without remainder, or divide with `//`",
        )
    if not _fits(value, formal.type or ""):
        raise fail(
            "wrong-type",
            f"`{formal.name}` must be {TYPES.get(formal.type or '', formal.type)}, and this is "
            f"{kind_of(value)}",
            span,
            scope,
            label=kind_of(value),
            secondary=() if formal.span is None else (Label(formal.span, "declared here"),),
        )
    _check_sign(value, formal, span, scope)
    return value


def _fits(value: Value, type: str) -> bool:
    match type:
        case "int" | "positive":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | Fraction) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "size" | "margin":
            return isinstance(value, SizeValue) and len(value.values) == 2
        case "path":
            return isinstance(value, PathValue)
        case "list":
            return isinstance(value, tuple | range)
        case "feature":
            return isinstance(value, Feature)
        case "layer":
            return value is None or isinstance(value, Layers | BlockLayer | PrimitiveLayer)
        case "layers":
            return isinstance(value, Layers)
        case "window":
            return isinstance(value, AllWindow | SlidingWindow | LastWindow | PowersWindow | tuple)
        case "init":
            return isinstance(value, Init)
        case "text":
            return isinstance(value, str)
        case _:
            return not isinstance(value, InputWord)


def _check_sign(value: Value, formal: Formal, span: Span, scope: Scope) -> None:
    least = {"positive": 1, "size": 1, "margin": 0}.get(formal.type or "")
    if least is None:
        return
    numbers = value.values if isinstance(value, SizeValue) else (value,)
    if any(isinstance(number, int) and number < least for number in numbers):
        wanted = "above zero" if least else "zero or more"
        raise fail(
            "not-positive",
            f"`{formal.name}` must be {wanted}, and this is {show(value)}",
            span,
            scope,
            label=f"= {show(value)}",
            help=f"give `{formal.name}` a number {wanted}",
        )
