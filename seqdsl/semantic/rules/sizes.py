"""Sizes that are written as other frameworks do, and mean something else: `3*3`, `2 x 2`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.names.unknown import formals_named
from seqdsl.semantic.values.binding import Actual, Formal, assign
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.fix import replacing
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies_of, calls

_SIZES = ("size", "margin")


def check_sizes(module: LoadedModule) -> list[Diagnostic]:
    """Products of two numbers where a size is needed, and repeats that read like a size."""
    return [
        found
        for body in bodies_of(module.syntax)
        for call in calls(body)
        if isinstance(call.callee, ast.Name)
        for found in _check(call, formals_named(call.callee.name, module) or ())
    ]


def _check(call: ast.Call, formals: Sequence[Formal]) -> Iterator[Diagnostic]:
    sizes = {formal.name for formal in formals if formal.type in _SIZES}
    if not sizes:
        return
    scope = Scope(ScopeKind.NETWORK, "", "", None, call.span)
    actuals = [Actual(argument.name, None, argument.span) for argument in call.arguments]
    try:
        given = assign([f.name for f in formals], "", actuals, scope, formals)
    except Failure:  # another rule says so
        return
    expressions = {argument.span: argument.value for argument in call.arguments}
    for name, actual in given.items():
        expression = expressions[actual.span]
        sides = _sides(expression) if name in sizes else None
        if sides is not None:
            yield _product(name, expression.span, sides)
    last = call.arguments[-1] if call.arguments else None
    if last is not None and any(
        name in sizes and actual.span == last.span and actual.name is None
        for name, actual in given.items()
    ):
        yield from _repeat(call, last)


def _sides(expression: ast.Expression) -> tuple[int, int] | None:
    """The two whole numbers that are multiplied in an expression."""
    match expression:
        case ast.Chain(
            first=ast.Number(value=int(height)), rest=(("*", ast.Number(value=int(width))),)
        ):
            return height, width
        case _:
            return None


def _product(name: str, span: Span, sides: tuple[int, int]) -> Diagnostic:
    height, width = sides
    return Diagnostic(
        BY_NAME["product-as-size"],
        f"`{span.text}` is the number {height * width}, and `{name}` would be "
        f"{height * width}x{height * width}",
        Label(span, "a product"),
        help=f"a size is written {height}x{width}",
        fix=replacing(span, f"{height}x{width}"),
    )


def _repeat(call: ast.Call, last: ast.Argument) -> Iterator[Diagnostic]:
    side, times = last.value, call.times
    if not isinstance(side, ast.Number) or not isinstance(times, ast.Number):
        return
    span = Span(side.span.source, side.span.start, times.span.end)
    layer = call.callee.span.text
    yield Diagnostic(
        BY_NAME["size-or-repeat"],
        f"this applies `{layer} {side.text}` {times.text} times",
        Label(span, f"not the size {side.text}x{times.text}"),
        help=f"a size is written without blanks, {side.text}x{times.text}; "
        f"`repeat x {times.text} {{ {layer} {side.text} }}` repeats it",
        fix=replacing(span, f"{side.text}x{times.text}"),
    )
