"""The names that an expression reads."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.syntax import ast


def names_in(expression: ast.Expression) -> Iterator[ast.Name]:
    """Every name that an expression reads, from left to right."""
    match expression:
        case ast.Name():
            yield expression
        case ast.Chain(first=first, rest=rest):
            yield from names_in(first)
            for _, operand in rest:
                yield from names_in(operand)
        case ast.Method(base=base, arguments=arguments):
            yield from names_in(base)
            for argument in arguments:
                yield from names_in(argument.value)
        case ast.Function(arguments=arguments):
            for argument in arguments:
                yield from names_in(argument.value)
        case _:
            for part in _parts(expression):
                yield from names_in(part)


def _parts(expression: ast.Expression) -> tuple[ast.Expression, ...]:
    match expression:
        case ast.ListOf(items=parts) | ast.Path(parts=parts) | ast.Logic(operands=parts):
            return parts
        case ast.Range(first=a, last=b) | ast.Compare(left=a, right=b) | ast.Index(base=a, index=b):
            return (a, b)
        case ast.Minus(value=value) | ast.Not(value=value) | ast.Attribute(base=value):
            return (value,)
        case ast.Conditional(value=a, condition=b, otherwise=c):
            return (a, b, c)
        case _:
            return ()
