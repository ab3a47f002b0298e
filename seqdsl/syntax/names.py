"""What stands inside an expression, and the names that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.syntax import ast


def names_in(expression: ast.Expression) -> Iterator[ast.Name]:
    """Every name that an expression reads, from left to right."""
    return (part for part in inside(expression) if isinstance(part, ast.Name))


def inside(expression: ast.Expression) -> Iterator[ast.Expression]:
    """An expression and all that are in it, from left to right."""
    yield expression
    for part in _parts(expression):
        yield from inside(part)


def _parts(expression: ast.Expression) -> tuple[ast.Expression, ...]:
    match expression:
        case ast.ListOf(items=parts) | ast.Path(parts=parts) | ast.Logic(operands=parts):
            return parts
        case ast.Chain(first=first, rest=rest):
            return (first, *(operand for _, operand in rest))
        case ast.Method(base=base, arguments=arguments):
            return (base, *(argument.value for argument in arguments))
        case ast.Function(arguments=arguments):
            return tuple(argument.value for argument in arguments)
        case ast.Range(first=a, last=b) | ast.Compare(left=a, right=b) | ast.Index(base=a, index=b):
            return (a, b)
        case ast.Minus(value=value) | ast.Not(value=value) | ast.Attribute(base=value):
            return (value,)
        case ast.Conditional(value=a, condition=b, otherwise=c):
            return (a, b, c)
        case _:
            return ()
