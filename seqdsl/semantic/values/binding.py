"""Puts the arguments of a call to the parameters of what is called, and checks their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast
from weakref import WeakKeyDictionary

from seqdsl.graph.operations import OPERATIONS
from seqdsl.graph.scope import Scope
from seqdsl.semantic.values import foreign
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.properties import members
from seqdsl.semantic.values.types import MAX_SIDE, SIDES, TYPES, ParameterType
from seqdsl.semantic.values.value import Feature, SizeValue, Value, kind_of, show
from seqdsl.source.diagnostic import Failure, Label
from seqdsl.source.fix import Edit, Fix, inserting, removing, replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.limits import INTEGERS, LIMITS, way_on
from seqdsl.source.meter import spend_on
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.misfit import Advice

# The settings of the library's layers that are given by name: a bare number says of none of them
# which one it is. Blocks of the user's declare their own parameters, and take each by its place.
NAMED_SETTINGS = {
    "act": "the activation",
    "shortcut": "what is added before the norm",
    **{
        setting.name: setting.meaning
        for operation in OPERATIONS
        for setting in operation.settings or ()
        if setting.meaning
    },
}


@frozen
class Formal:
    """A parameter: of a block or network from its source, of a primitive from the table."""

    name: str
    type: str | None = None
    count: int | None = None  # `int[3]`: one for each of three
    required: bool = True
    default: Value = None
    expression: ast.Expression | None = None  # a default of the source, evaluated at each call
    span: Span | None = None
    meaning: str = ""  # of a setting that is given by its name alone

    @property
    def by_name(self) -> bool:
        """Whether it is never given by its place."""
        return bool(self.meaning)

    @property
    def accepts_none(self) -> bool:
        if self.expression is not None:
            return isinstance(self.expression, ast.Name) and self.expression.name == "none"
        return not self.required and self.default is None


@frozen
class Actual:
    """An argument's value, and where it stands."""

    name: str | None
    value: Value
    span: Span


_FEW = 2  # settings that are explained
_OF_NUMBERS = ("int", "positive", "number", "size", "margin")
# Of `aggregate`, by their names.
AGGREGATE_FORMALS = {name: Formal(name, "window") for name in ("window", "keep")}

_FORMALS: WeakKeyDictionary[ast.Block | ast.Network | ast.Derived, tuple[Formal, ...]]
_FORMALS = WeakKeyDictionary()


def formals_of(definition: ast.Block | ast.Network | ast.Derived) -> tuple[Formal, ...]:
    """The parameters of a block or network; made once, as every call asks for them."""
    formals = _FORMALS.get(definition)
    if formals is None:
        formals = _FORMALS[definition] = tuple(
            Formal(
                p.name,
                p.type.name if p.type else None,
                p.type.count if p.type else None,
                required=p.default is None,
                expression=p.default,
                span=p.span,
                meaning=NAMED_SETTINGS.get(p.name, "")
                if definition.span.source.library and p.default is not None
                else "",
            )
            for p in definition.parameters
        )
    return formals


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
            try:
                bound[formal.name] = coerce(actual.value, formal, actual.span, scope)
            except Failure as failure:
                raise _reordered(failure, formal, formals, actuals, scope) from None
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


def _reordered(
    failure: Failure,
    formal: Formal,
    formals: Sequence[Formal],
    actuals: Sequence[Actual],
    scope: Scope,
) -> Failure:
    """The failure of an argument, with the order that would fit where two are exchanged."""
    placed = list(zip(by_place(formals), (a for a in actuals if a.name is None), strict=False))
    mine = next((actual for takes, actual in placed if takes is formal), None)
    if mine is None or failure.diagnostic.code.name != "wrong-type" or formal.count is not None:
        return failure
    by_name = next((f.name for f in formals if f.type == "layer" and f is not formal), None)
    if by_name is not None and kind_of(mine.value) == "a layer":
        help = f"`{by_name}` is given by name: `{by_name}={mine.span.text}`"
        fix = replacing(mine.span, f"{by_name}={mine.span.text}")
        return Failure(replace(failure.diagnostic, help=help, fix=fix))
    for takes, other in placed:
        if other is mine or takes.count is not None:
            continue
        try:
            coerce(other.value, formal, other.span, scope)
            coerce(mine.value, takes, mine.span, scope)
        except Failure:
            continue
        edits = (Edit(mine.span, other.span.text), Edit(other.span, mine.span.text))
        order = f"`{takes.name}` comes before `{formal.name}`"
        help = f"{order}: exchange `{other.span.text}` and `{mine.span.text}`"
        found = replace(failure.diagnostic, help=help, fix=Fix(edits, safe=False))
        return Failure(found)
    return failure


def assign(
    names: Sequence[str],
    what: str,
    actuals: Sequence[Actual],
    scope: Scope,
    formals: Sequence[Formal],
) -> dict[str, Actual]:
    """Which argument goes to which parameter: positional ones first, in order."""
    given: dict[str, Actual] = {}
    ordered = [formal.name for formal in by_place(formals)]
    positional = 0
    for actual in actuals:
        if actual.name is None:
            if positional >= len(ordered):
                settings = settings_for(actual, formals, given)
                if settings:
                    raise _unnamed(what, actual, settings, alone=len(actuals) == 1, scope=scope)
                # `repeat 3 { ... }`: its braces are all that it takes
                repeats = not ordered and bool(formals) and not re.match(r"x\b", actual.span.text)
                start = actual.span.start
                raise fail(
                    "unknown-argument",
                    f"`{what}` takes {_count(len(ordered))}",
                    actual.span,
                    scope,
                    label="one too many",
                    help=f"`{what}` takes {signature(formals)}",
                    fix=inserting(actual.span.source, start, "x ") if repeats else None,
                )
            name = ordered[positional]
            positional += 1
        else:
            name = actual.name
            if name not in names:
                known = foreign.of_argument(name, actual.span, names)
                help, fix = known or did_you_mean(
                    name, names, name_of(actual), f"`{what}` takes {signature(formals)}"
                )
                raise fail(
                    "unknown-argument", f"`{what}` has no parameter `{name}`", actual.span, scope,
                    label="unknown", help=help, fix=fix,
                )  # fmt: skip
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


def by_place(formals: Sequence[Formal]) -> list[Formal]:
    """The parameters that arguments without a name go to, in order."""
    return [f for f in formals if f.type != "layers" and not f.by_name]


def settings_for(
    actual: Actual, formals: Sequence[Formal], given: Mapping[str, Actual]
) -> list[Formal]:
    """The settings that are left for an argument without a name; by its type, where that tells."""
    left = [f for f in formals if f.by_name and f.name not in given]
    if actual.span.text in ("true", "false"):
        return [s for s in left if s.type == "bool"] or left
    if actual.span.text[:1].isdigit():
        return [s for s in left if s.type in _OF_NUMBERS] or left
    return left


def _unnamed(
    what: str, actual: Actual, settings: Sequence[Formal], *, alone: bool, scope: Scope
) -> Failure:
    """The failure of an argument without a name where only settings are left to be given."""
    text = actual.span.text
    fix = None
    if alone and text.isdecimal() and int(text) > 1:  # a width, as other frameworks ask for
        fix = Fix(removing(actual.span).edits, safe=False)
        help = f"the channels of `{what}` are those that flow in; "
    else:
        help = ""
        if len(settings) == 1 and (settings[0].type in _OF_NUMBERS or not text[:1].isdigit()):
            fix = inserting(actual.span.source, actual.span.start, f"{settings[0].name}=")
    if len(settings) <= _FEW:
        listed = " and ".join(f"`{s.name}` ({s.meaning})" for s in settings)
    else:
        listed = ", ".join(f"`{s.name}`" for s in settings)
    return fail(
        "unnamed-setting",
        f"`{what}` takes settings by name, and this one has none",
        actual.span,
        scope,
        label="which setting?",
        help=f"{help}by name it takes {listed}",
        fix=fix,
    )


def name_of(argument: Actual | ast.Argument) -> Span:
    """Where the name of a named argument stands."""
    start = argument.span.start
    return Span(argument.span.source, start, start + len(argument.name or ""))


def signature(formals: Sequence[Formal]) -> str:
    """The parameters as a reader would write them; optional ones in brackets."""
    words = [
        f.name if f.required else f"[{f.name}{'=' if f.by_name else ''}]"
        for f in formals
        if f.type != "layers"
    ]
    shown = ", ".join(words) or "no arguments"
    braces = any(f.type == "layers" for f in formals)
    return f"{shown} before its braces; `x 3` repeats it" if braces else shown


def _count(count: int) -> str:
    return "no arguments" if count == 0 else f"{count} argument{'s' if count > 1 else ''} at most"


def coerce(value: Value, formal: Formal, span: Span, scope: Scope) -> Value:
    """A value as a parameter's type has it. Raises `Failure`."""
    if formal.type is None or (value is None and formal.accepts_none):
        return value
    if formal.count is None:
        return _one(value, formal, span, scope)
    most = LIMITS.get().repeat
    if formal.count > most:
        raise fail(
            "repeat-limit", f"a parameter has at most {most:,} values", formal.span or span, scope,
            help=f"is a digit too many in its type? {way_on('repeat', formal.count)}",
        )  # fmt: skip
    spend_on(formal.count)
    items = tuple(value) if isinstance(value, tuple | range) else (value,) * formal.count
    if len(items) != formal.count:
        raise fail(
            "wrong-type",
            f"`{formal.name}` is one value for each of {formal.count}, and {len(items)} are given",
            span,
            scope,
            label=f"{len(items)} values",
            help=f"give {formal.count} values, or a single one for all",
        )
    return tuple(_one(item, formal, span, scope) for item in items)


def _one(value: Value, formal: Formal, span: Span, scope: Scope) -> Value:
    type = TYPES.get(formal.type or "")
    if type is None:  # a rule has reported it
        return value
    if type.convert is not None:
        value = type.convert(value)
    if not type.accepts(value):
        raise _misfit(value, formal, type, span, scope)
    if type.least is not None:
        numbers = value.values if isinstance(value, SizeValue) else (value,)
        if min(cast(Iterable[int], numbers)) < type.least:
            raise _too_small(value, formal, type.least, span, scope)
        if max(cast(Iterable[int], numbers)) > type.most:
            raise fail(
                "integer-range", f"`{formal.name}` is at most {type.most:,}", span, scope,
                label=f"= {show(value)}", help=INTEGERS if type.most > MAX_SIDE else SIDES,
            )  # fmt: skip
    return value


def _misfit(value: Value, formal: Formal, type: ParameterType, span: Span, scope: Scope) -> Failure:
    if isinstance(value, Fraction) and type.whole:
        return fail(
            "not-whole",
            f"`{formal.name}` must be a whole number, and this is {show(value)}",
            span,
            scope,
            label=f"= {show(value)}",
            help="choose numbers that divide without remainder, or divide with `//`",
        )
    help, fix = _written_as(value, formal, span)
    return fail(
        "wrong-type",
        f"`{formal.name}` must be {type.description}, and this is {kind_of(value)}",
        span,
        scope,
        label=kind_of(value),
        secondary=() if formal.span is None else (Label(formal.span, "declared here"),),
        help=help,
        fix=fix,
    )


def _written_as(value: Value, formal: Formal, span: Span) -> Advice:
    """How a value of another type would be written for a parameter."""
    if isinstance(value, Feature):
        return f"a feature map has {members(value)}", None
    if isinstance(value, str):
        return foreign.of_text(value, formal.name, span)
    if formal.type in ("size", "margin") and isinstance(value, tuple) and len(value) == 2:
        shown = "x".join(map(show, value))
        listed = re.search(r"\[[^\]]*\]$", span.text)
        where = listed and Span(span.source, span.start + listed.start(), span.end)
        return f"a size is written `{shown}`", replacing(where, shown) if where else None
    if formal.type == "bool" and value in (0, 1):
        word = "true" if value else "false"
        return f"write `{word}`", None
    return None, None


def _too_small(value: Value, formal: Formal, least: int, span: Span, scope: Scope) -> Failure:
    wanted = "above zero" if least else "zero or more"
    return fail(
        "not-positive",
        f"`{formal.name}` must be {wanted}, and this is {show(value)}",
        span,
        scope,
        label=f"= {show(value)}",
        help=f"give `{formal.name}` a number {wanted}",
    )
